import { existsSync } from 'node:fs';
import { type Metric, type RunTraits, type Thresholds, warmupTraits } from '../metrics/metric.js';
import { MetricStore, type RunSummary } from '../metrics/metric-store.js';
import { NotableFinder } from '../metrics/notable.js';
import type { RequestTable } from '../metrics/request-table.js';
import { type Results, statsOf } from '../metrics/results.js';
import { errorRequestCount, requestCount } from '../metrics/run-metrics.js';
import type { StoredRecord } from '../metrics/stored-request.js';
import type { PhaseName } from '../records/record.js';
import { counted } from '../util/counted.js';
import { UserError } from '../util/errors.js';
import { version } from '../util/version.js';
import { type ViewTraits, viewed } from './configuration.js';
import { readFacts, type StoredResults, thresholdsIn } from './facts.js';
import type { RunFiles } from './files.js';
import { described, type Holder, holderOf } from './folder-lock.js';
import { storedGpuTelemetry, withPower } from './gpu-telemetry.js';
import { readRecords } from './read-records.js';
import { readSeries } from './read-series.js';
import type { Run } from './run.js';

/** How a stored run is looked at. */
export interface View extends ViewTraits {
  /** For a run that does not record its own. */
  readonly thresholds: Thresholds;
}

/** A run that was read back from its folder. */
export interface OpenedRun extends Run {
  /** The results in its summary; undefined where it left none. */
  readonly stored: StoredResults | undefined;
  /** The process that is still writing it. */
  readonly writer: Holder | undefined;
  /** Its slices are those of the view, not its own. */
  readonly isSlicedAnew: boolean;
}

/**
 * Opens a run and reads its records, complete or not, ours or one of AIPerf.
 * @throws UserError where there is none of the run proper.
 */
export function openRun(files: RunFiles, view: View): OpenedRun {
  const { facts: own, results: stored } = readFacts(files);
  const { facts, traits, isSlicedAnew } = viewed(own, view);
  const writer = holderOf(files.folder);
  const thresholds = thresholdsIn(own) ?? view.thresholds;
  const notable = new NotableFinder();
  const { summary, table, ...counts } = summarizeRecords(
    files.records,
    { phase: 'profiling', thresholds, traits },
    (record) => notable.add(record, () => record),
  );
  if (summary === undefined || table === undefined) throw withoutRequests(files.records);
  const firstStartNs = summary.firstStartNs ?? 0n;
  const timed = {
    ...facts,
    startedAtNs: facts.startedAtNs ?? firstStartNs,
    endedAtNs: summary.lastEndNs ?? firstStartNs,
  };
  const gpu = storedGpuTelemetry(files.gpu, timed, table.origin);
  return {
    files,
    stored,
    writer,
    isSlicedAnew,
    summary: withPower(summary, gpu, facts),
    gpu,
    requests: table,
    notable: notable.found,
    extent: table.extent,
    get series() {
      return readSeries(files.series, table.origin);
    },
    get warmup() {
      return existsSync(files.warmup)
        ? summarizeRecords(files.warmup, { phase: 'warmup', thresholds, traits: warmupTraits(traits) })
            .summary
        : undefined;
    },
    facts: {
      ...timed,
      version,
      wasCancelled: facts.wasCancelled ?? false,
      incompleteReason: incompleteReason({ facts, stored, writer }, counts),
    },
    notes: notesOn({ facts, stored }, counts),
  };
}

/** How many records a file has. */
export interface RecordCounts {
  /** Of the phase, failed ones included. */
  readonly records: number;
  /** Of the warm-up. */
  readonly warmups: number;
  /** The last line is cut off, and left out. */
  readonly isCut: boolean;
}

/** Calls `onRecord` with every record of a phase. @throws UserError for a line that is no record. */
export function readPhase(
  recordsFile: string,
  phase: PhaseName,
  onRecord: (record: StoredRecord) => void,
): RecordCounts {
  let records = 0;
  let warmups = 0;
  let isCut = false;
  const onCut = () => {
    isCut = true;
  };
  for (const record of readRecords(recordsFile, onCut)) {
    if (record.phase === 'warmup') warmups++;
    if (record.phase !== phase) continue;
    records++;
    onRecord(record);
  }
  return { records, warmups, isCut };
}

/** What to say where there is nothing to report. */
export function withoutRequests(recordsFile: string): UserError {
  return new UserError(
    `${recordsFile} holds no record of a profiling request.`,
    'The run ended before its first answer: there is nothing to report.',
  );
}

/** Which records are summarized, and how. */
export interface RecordsView {
  readonly phase: PhaseName;
  readonly thresholds: Thresholds;
  readonly traits: RunTraits;
}

/** The results of a phase from its records: those that it had at its end, or would have had; none without a record. */
export function summarizeRecords(
  recordsFile: string,
  { phase, thresholds, traits }: RecordsView,
  onRecord: (record: StoredRecord) => void = () => {},
): RecordCounts & { readonly summary: RunSummary | undefined; readonly table: RequestTable | undefined } {
  let store: MetricStore | undefined;
  const counts = readPhase(recordsFile, phase, (record) => {
    // Times count from any instant that is near enough for a number to hold the distance.
    store ??= new MetricStore(traits, thresholds, {
      epochNs: record.startNs,
      monotonicNs: 0n,
    });
    store.addStored(record);
    onRecord(record);
  });
  return { ...counts, summary: store?.summary(), table: store?.table };
}

/** Why the results cover only a part of the run; undefined for a complete one. */
function incompleteReason(
  { facts, stored, writer }: Pick<OpenedRun, 'facts' | 'stored' | 'writer'>,
  { records }: RecordCounts,
): string | undefined {
  if (writer !== undefined) return `The run is still in progress: ${described(writer)}.`;
  if (stored !== undefined) return facts.incompleteReason;
  return `The run ended without a summary: ${counted(records, 'record was', 'records were')} recovered.`;
}

/** A sentence for each thing that the records and the files of a run do not agree about. */
export function notesOn(
  { facts, stored }: Pick<OpenedRun, 'facts' | 'stored'>,
  { records, warmups, isCut }: RecordCounts,
): string[] {
  const notes: string[] = [];
  if (isCut) notes.push('The last line of the records is cut off: 1 record is skipped.');
  if (warmups > 0) notes.push(`${counted(warmups, 'warm-up record is', 'warm-up records are')} left out.`);
  const warmup = requestsIn(stored?.warmup);
  if (warmup.failed > 0) {
    notes.push(
      `${warmup.failed} of ${counted(warmup.all, 'warm-up request')} failed: the server may not be ` +
        'warm for the first measured requests.',
    );
  }
  notes.push(...(facts.responseWarnings ?? []));
  const { all } = requestsIn(stored?.metrics);
  if (stored !== undefined && all !== records) {
    notes.push(
      `The summary of the run counts ${all} requests, and there are ${records} records: ` +
        'the figures below are those of the records.',
    );
  }
  return notes;
}

/** Requests that a summary counts. */
function requestsIn(results: Results = []): { all: number; failed: number } {
  const count = (metric: Metric) => statsOf(results, metric)?.avg ?? 0;
  const failed = count(errorRequestCount);
  return { all: count(requestCount) + failed, failed };
}
