import type { MessagePort } from 'node:worker_threads';
import { PREWARMED, type RecordBatch } from '../records/pack.js';
import type { PhaseCounts } from '../records/spool.js';
import { SpoolReader } from '../records/spool-reader.js';
import type { Observation } from '../telemetry/time-series.js';

/** The batches of one load thread, in the order in which it left them: from its spool, then those sent through memory. */
export class BatchSource {
  readonly #reader: SpoolReader | undefined;
  readonly #posted: (RecordBatch | typeof PREWARMED)[] = [];
  readonly #onPrewarmed: () => void;
  /** Resolves when the thread has left its last batch, or died. */
  readonly closed: Promise<void>;
  #isClosed = false;

  /** @param spool folder; undefined: there is none. @param onNews called when a message came. */
  constructor(
    port: MessagePort,
    spool: string | undefined,
    thread: number,
    on: {
      readonly prewarmed: () => void;
      readonly news: () => void;
      readonly observation: (observation: Observation) => void;
    },
  ) {
    this.#reader = spool === undefined ? undefined : new SpoolReader(spool, thread);
    this.#onPrewarmed = on.prewarmed;
    port.on('message', (posted: RecordBatch | typeof PREWARMED | Observation) => {
      if (posted !== PREWARMED && 'samples' in posted) return on.observation(posted);
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

  /** Some batches are in memory alone. */
  get holdsPosted(): boolean {
    return this.#posted.some((posted) => posted !== PREWARMED);
  }

  /** The next batch; undefined where none is there yet. */
  next(): RecordBatch | undefined {
    // A thread that posts batches has stopped to spool: those in the spool are older.
    const spooled = this.#reader?.next();
    if (spooled !== undefined) return spooled;
    const posted = this.#posted.shift();
    if (posted !== PREWARMED) return posted;
    this.#onPrewarmed();
    return this.next();
  }

  /** Deletes what was read from the spool; it must be in the files by now. */
  deleteRead(): void {
    this.#reader?.deleteRead();
  }

  /** Leaves the rest in the spool. @returns its records. */
  skipRest(): PhaseCounts {
    return this.#reader?.skipRest() ?? { warmup: 0, profiling: 0 };
  }

  /** Bytes in the spool that were not read yet; at its end, those of a batch that is cut off. */
  get unreadBytes(): number {
    return this.#reader?.unreadBytes ?? 0;
  }

  close(): void {
    this.#reader?.close();
  }
}
