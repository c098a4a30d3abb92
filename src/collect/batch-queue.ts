import type { RecordBatch } from '../records/pack.js';
import type { BatchSource } from './batch-source.js';
import type { BatchCounts, CountingThreads } from './counting-threads.js';

/** Batches read ahead for each counting thread: one that it counts, and two that wait. */
const AHEAD = 3;
/** Reading ahead stops at this size. */
const MOST_BYTES = 8 << 20;

/** A batch of a load thread. */
export interface QueuedBatch {
  readonly batch: RecordBatch;
  /** Number of the load thread. */
  readonly thread: number;
  /** Added to its times, ns. */
  readonly shiftNs: number;
  /** Undefined: its tokens are not counted yet. */
  readonly counts: BatchCounts | undefined;
  /** Segments of the spool that contain only earlier batches. */
  readonly earlier: readonly string[];
}

/**
 * The batches of all load threads, one of each in turn. Only with counting threads are any read ahead: otherwise the
 * backlog stays in the spool.
 */
export class BatchQueue {
  readonly #sources: readonly BatchSource[];
  readonly #queued: QueuedBatch[] = [];
  #queuedBytes = 0;
  #turn = 0;
  #counting: CountingThreads | undefined = undefined;

  constructor(sources: readonly BatchSource[]) {
    this.#sources = sources;
  }

  /** Batches that were read ahead. */
  get length(): number {
    return this.#queued.length;
  }

  /** Has the tokens of all further batches counted ahead by these threads; undefined: reads no more ahead. */
  countAhead(threads: CountingThreads | undefined): void {
    this.#counting = threads;
  }

  /** The next batch; undefined: none yet. */
  next(): QueuedBatch | undefined {
    const most = AHEAD * (this.#counting?.size ?? 0);
    while (this.#queued.length === 0 || (this.#queued.length < most && this.#queuedBytes < MOST_BYTES)) {
      const read = this.#read();
      if (read === undefined) break;
      this.#queued.push(read);
      this.#queuedBytes += sizeOf(read.batch);
    }
    const next = this.#queued.shift();
    if (next !== undefined) this.#queuedBytes -= sizeOf(next.batch);
    return next;
  }

  #read(): QueuedBatch | undefined {
    for (let tried = 0; tried < this.#sources.length; tried++) {
      const thread = this.#turn;
      this.#turn = (thread + 1) % this.#sources.length;
      const source = this.#sources[thread];
      const batch = source?.next();
      if (source === undefined || batch === undefined) continue;
      const { shiftNs } = source;
      return { batch, thread, shiftNs, counts: this.#counting?.count(batch), earlier: source.takeRead() };
    }
    return undefined;
  }
}

/** Bytes of a batch in memory. */
export function sizeOf({ numbers, strings }: RecordBatch): number {
  return numbers.byteLength + strings.byteLength;
}
