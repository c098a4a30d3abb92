import { closeSync, existsSync, fstatSync, ftruncateSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Summaries } from '../../collect/collector.js';
import type { CollectPlan } from '../../collect/record-processor.js';
import { RecordProcessor } from '../../collect/record-processor.js';
import { readSpoolPlan, removeSpool } from '../../collect/spool-plan.js';
import { MetricStore } from '../../metrics/metric-store.js';
import { NotableFinder } from '../../metrics/notable.js';
import { unpackRecords } from '../../records/pack.js';
import type { PhaseName } from '../../records/record.js';
import type { PhaseCounts } from '../../records/spool.js';
import { findSegments, SpoolReader, UnknownSpool } from '../../records/spool-reader.js';
import { everyTrait } from '../../run/configuration.js';
import { readOwnFacts } from '../../run/facts.js';
import { filesIn } from '../../run/files.js';
import { holderOf, lockFolder } from '../../run/folder-lock.js';
import { summarizeRecords } from '../../run/open.js';
import { counted } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import { readLines } from '../../util/lines.js';
import type { Log } from '../../util/log.js';
import { loadFileSinks, openFileSinks } from '../profile/sinks.js';

const files = await loadFileSinks();

/** What the spool of a run had that its files had not. */
interface Completion {
  /** Records that were added to the files. */
  readonly added: number;
  /** Records that are in neither, because the machine lost what had been written. */
  readonly missing: number;
  /** Bytes behind the last whole batch of a load thread: it was killed while it wrote. */
  readonly tornBytes: number;
}

/**
 * Adds to the files of a run that has ended what its spool holds beyond them, each record once, and removes the spool.
 * Tokens are counted and metrics computed as the run would have done. A torn last line of a file is taken off first.
 * @param spool folder. @throws UserError where it cannot be read or the files cannot be written; it stays then.
 */
function completeRecords(spool: string): Completion {
  const plan = readSpoolPlan(spool);
  const troubles: string[] = [];
  const stored: Readonly<Record<PhaseName | 'raw', Stored>> = {
    profiling: storedIn(plan.recordsFile),
    warmup: storedIn(plan.warmupFile),
    raw: storedIn(plan.rawFile),
  };
  const lacking = { line: false, raw: false };
  const sinks = openFileSinks(
    files,
    plan,
    (message) => troubles.push(message),
    (file) => (file === 'rawFile' ? lacking.raw : lacking.line),
  );
  const processor = new RecordProcessor(plan);
  let added = 0;
  let missing = 0;
  let tornBytes = 0;
  for (const [thread, segment] of findSegments(spool)) {
    const reader = new SpoolReader(spool, thread, segment);
    try {
      const places = new Map<string, PlaceOfWorker>();
      const placeOf = (workerId: string, before: PhaseCounts) => {
        const known = places.get(workerId);
        if (known !== undefined) return known;
        const place = { ...before, raw: before.warmup + before.profiling };
        places.set(workerId, place);
        missing += Math.max(0, before.profiling - stored.profiling.of(workerId).records);
        return place;
      };
      // Nothing was written behind its name.
      if (reader.before === undefined || reader.workerId === undefined) continue;
      placeOf(reader.workerId, reader.before);
      for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
        if (batch.isPrewarm) continue;
        const { workerId } = batch;
        const at = placeOf(workerId, reader.before ?? { warmup: 0, profiling: 0 });
        for (const record of unpackRecords(batch)) {
          lacking.line = stored[record.phase].lacks(workerId, at[record.phase]++, record.requestId);
          lacking.raw = stored.raw.lacks(workerId, at.raw++, record.requestId);
          if (lacking.line || lacking.raw) sinks.onRecord(processor.add(record));
          if (lacking.line && record.phase === 'profiling') added++;
        }
        sinks.flush();
      }
      tornBytes += reader.unreadBytes;
    } catch (thrown) {
      if (!(thrown instanceof UnknownSpool)) throw thrown;
      throw new UserError(`${thrown.message}.`, 'Delete the spool to report without the records in it.');
    } finally {
      reader.close();
    }
  }
  sinks.onEnd();
  const [trouble] = troubles;
  if (trouble !== undefined) {
    throw new UserError(
      `The finished records in ${spool} could not be added to the files of the run: ${trouble}.`,
      'Make the folder writable or free disk space, and run the command again.',
    );
  }
  removeSpool(spool);
  return { added, missing, tornBytes };
}

/**
 * The results of a run whose record thread died: its files are completed from the spool, and read. What cannot be done
 * is logged, and left out of the results.
 */
export function recoverSummary(
  plan: CollectPlan,
  spool: string,
  log: Log,
): Pick<Summaries, 'profiling' | 'requests' | 'notable'> {
  let { recordsFile } = plan;
  try {
    // One that keeps no records has its spool made into a file.
    recordsFile = readSpoolPlan(spool).recordsFile;
    for (const note of completionNotes(completeRecords(spool))) log('WARNING', 'records', note);
  } catch (thrown) {
    log('ERROR', 'records', `The spool could not be read: ${messageOf(thrown)}`);
  }
  const { traits, thresholds, origin } = plan;
  const view = { phase: 'profiling', thresholds, traits: { ...traits, ...everyTrait } } as const;
  const notable = new NotableFinder();
  const read =
    recordsFile === undefined || !existsSync(recordsFile)
      ? undefined
      : summarizeRecords(recordsFile, view, (record) => notable.add(record, () => record));
  return {
    profiling: read?.summary ?? new MetricStore(traits, thresholds, origin).summary(),
    requests: read?.table,
    notable: notable.found,
  };
}

/** Records that were added to the files of some runs. */
export interface Leftovers {
  readonly added: number;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Completes the files of the runs in these folders from the spools and the metrics that they left, if any. A run in progress needs its
 * own.
 * @throws UserError as `completeRecords` does.
 */
export async function completeLeftovers(folders: readonly string[]): Promise<Leftovers> {
  let added = 0;
  const notes: string[] = [];
  for (const folder of folders) {
    const { spool, config, telemetrySpool } = filesIn(folder, undefined);
    const [hasRecords, hasTelemetry] = [spool, telemetrySpool].map((path) => existsSync(path));
    if (!(hasRecords || hasTelemetry) || holderOf(folder) !== undefined) continue;
    // Of two reports at once only one may add the records.
    const lock = lockFolder(folder, false);
    try {
      if (hasRecords) {
        const completion = completeRecords(spool);
        added += completion.added;
        notes.push(...completionNotes(completion));
      }
      if (hasTelemetry) {
        // What makes these files is needed for few reports.
        const { completeServerMetrics } = await import('./complete-server-metrics.js');
        notes.push(...(await completeServerMetrics(filesIn(folder, readOwnFacts(config).exportPrefix))));
      }
    } finally {
      lock.release();
    }
  }
  return { added, notes };
}

/** Sentences about a completion, for the user; none where it changed nothing. */
function completionNotes({ added, missing, tornBytes }: Completion): string[] {
  const notes: string[] = [];
  if (added > 0) notes.push(`Added ${counted(added, 'record')} from the spool of the run to its files.`);
  if (missing > 0)
    notes.push(
      `${counted(missing, 'written record')} cannot be found on the disk and ${missing === 1 ? 'is' : 'are'} lost.`,
    );
  if (tornBytes > 0)
    notes.push(`The last batch in the spool is cut off: its ${tornBytes} bytes are left out.`);
  return notes;
}

/** Place of a worker's next record among all of the worker. */
type PlaceOfWorker = Record<PhaseName | 'raw', number>;

interface StoredOfWorker {
  records: number;
  lastId: string;
}

/**
 * Which records a file holds. A load thread's records are written in the order in which they were spooled, so the number
 * of its lines says which of them are there.
 */
class Stored {
  readonly #path: string | undefined;
  readonly #workers = new Map<string, StoredOfWorker>();

  /** @param path undefined: the run has no such file. */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  add(workerId: string, requestId: string): void {
    const known = this.#workers.get(workerId);
    if (known === undefined) this.#workers.set(workerId, { records: 1, lastId: requestId });
    else {
      known.records++;
      known.lastId = requestId;
    }
  }

  of(workerId: string): Readonly<StoredOfWorker> {
    return this.#workers.get(workerId) ?? { records: 0, lastId: '' };
  }

  /** @param place of the record among those of its thread. @throws UserError where another record has that place. */
  lacks(workerId: string, place: number, requestId: string): boolean {
    if (this.#path === undefined) return false;
    const { records, lastId } = this.of(workerId);
    if (place === records - 1 && lastId !== requestId) {
      throw new UserError(
        `The spool and ${this.#path} do not belong together: record ${place + 1} of ${workerId} is ${requestId} in one and ${lastId} in the other.`,
        'Delete the spool to report without the records in it.',
      );
    }
    return place >= records;
  }
}

function storedIn(path: string | undefined): Stored {
  const stored = new Stored(path);
  const found = path === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false });
  if (path === undefined || found === undefined) return stored;
  if (!found.isFile()) {
    throw new UserError(
      `${path} is not a plain file: the records in the spool of the run cannot be added to it.`,
      'Put a plain file there, or remove what is there.',
    );
  }
  takeOffTornLine(path);
  for (const { text } of readLines(path)) {
    // Inside of a string the quotes would be escaped, so these find the members of the metadata.
    const worker = /"worker_id":"([^"]*)"/.exec(text)?.[1];
    const request = /"x_request_id":"([^"]*)"/.exec(text)?.[1];
    if (worker !== undefined && request !== undefined) stored.add(worker, request);
  }
  return stored;
}

function takeOffTornLine(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const chunk = Buffer.alloc(65_536);
    let end = size;
    while (end > 0) {
      const from = Math.max(0, end - chunk.length);
      const read = readSync(file, chunk, 0, end - from, from);
      const feed = chunk.subarray(0, read).lastIndexOf(10);
      if (feed !== -1) {
        end = from + feed + 1;
        break;
      }
      end = from;
    }
    if (end < size) ftruncateSync(file, end);
  } finally {
    closeSync(file);
  }
}
