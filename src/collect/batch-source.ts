import { PREWARMED, type RecordBatch } from '../records/pack.js';
import type { RawExchange, RequestRecord } from '../records/record.js';
import type { PhaseCounts } from '../records/spool.js';
import { SpoolGate } from '../records/spool-gate.js';
import { SpoolReader } from '../records/spool-reader.js';
import type { Observation } from '../telemetry/time-series.js';
import { WireTimes } from '../transport/transport.js';
import type { ShiftedFeed } from './collector.js';

/** The batches of one load thread in order: first those in its spool, then those it posted. */
export class BatchSource {
  readonly #reader: SpoolReader | undefined;
  readonly #queuedBytes: () => number;
  readonly #posted: (RecordBatch | typeof PREWARMED)[] = [];
  readonly #onPrewarmed: () => void;
  /** Added to the times of its batches, ns, to convert them to the origin of the run. */
  readonly shiftNs: number;
  /** Resolves when the thread has posted its last batch or died. */
  readonly closed: Promise<void>;
  #isClosed = false;

  /** @param spool folder; undefined: none. @param on callbacks for messages of the thread. */
  constructor(
    { port, spoolNumber, gate: shared, shiftNs }: ShiftedFeed,
    spool: string | undefined,
    on: {
      readonly prewarmed: () => void;
      readonly news: () => void;
      readonly observation: (observation: Observation) => void;
    },
  ) {
    const isSpooled = spool !== undefined && spoolNumber !== undefined;
    this.#reader = isSpooled ? new SpoolReader(spool, spoolNumber) : undefined;
    const gate = shared && new SpoolGate(shared);
    this.#queuedBytes = () => gate?.queuedBytes(spoolNumber ?? 0) ?? 0;
    this.shiftNs = shiftNs;
    this.#onPrewarmed = on.prewarmed;
    port.on('message', (posted: RecordBatch | typeof PREWARMED | Observation) => {
      if (posted !== PREWARMED && 'samples' in posted)
        return on.observation({ ...posted, atNs: posted.atNs + shiftNs });
      this.#posted.push(posted);
      on.news();
    });
    this.closed = new Promise((resolve) => {
      port.on('close', () => {
        this.#isClosed = true;
        on.news();
        resolve();
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether some batches are in memory only. */
  get holdsPosted(): boolean {
    return this.#posted.some((posted) => posted !== PREWARMED);
  }

  /** The next batch; undefined: none yet. */
  next(): RecordBatch | undefined {
    // A thread that posts batches no longer spools: batches in the spool are older.
    const spooled = this.#reader?.next();
    if (spooled !== undefined) return spooled;
    const posted = this.#posted.shift();
    if (posted !== PREWARMED) return posted;
    this.#onPrewarmed();
    return this.next();
  }

  /** Segments of the spool read to their end since the last call: of no use once their records are in files. */
  takeRead(): readonly string[] {
    return this.#reader?.takeRead() ?? [];
  }

  /** Skips the rest of the spool, which stays there. @returns its records. */
  skipRest(): PhaseCounts {
    return this.#reader?.skipRest() ?? { warmup: 0, profiling: 0 };
  }

  /** Unread bytes in the spool; at its end, those of an incomplete batch. */
  get unreadBytes(): number {
    return this.#reader?.unreadBytes ?? 0;
  }

  /** Bytes that wait in the memory of the thread for the disk of the spool; lost if it was closed before. */
  get queuedBytes(): number {
    return this.#queuedBytes();
  }

  /** Bytes that were not read, on the disk and on the way to it. */
  get backlogBytes(): number {
    return this.unreadBytes + this.queuedBytes;
  }

  close(): void {
    this.#reader?.close();
  }
}

/** Converts a record to an earlier clock origin: adds `ns` to all its times. */
export function shiftTimes(record: RequestRecord, ns: number): RequestRecord {
  return {
    ...record,
    dueNs: record.dueNs + ns,
    startNs: record.startNs + ns,
    ackNs: record.ackNs + ns,
    endNs: record.endNs + ns,
    contentNs: record.contentNs.map((atNs) => atNs + ns),
    firstOutputNs: record.firstOutputNs + ns,
    cancelledNs: record.cancelledNs === undefined ? undefined : record.cancelledNs + ns,
    wire: shiftWire(record.wire, ns),
    raw: record.raw && shiftRaw(record.raw, ns),
  };
}

function shiftWire(wire: WireTimes, ns: number): WireTimes {
  const shifted = new WireTimes();
  for (const [name, value] of Object.entries(wire))
    Object.assign(shifted, { [name]: name.endsWith('Ns') ? value + ns : value });
  return shifted;
}

function shiftRaw(raw: RawExchange, ns: number): RawExchange {
  return { ...raw, units: raw.units.map((unit) => ({ ...unit, atNs: unit.atNs + ns })) };
}
