import { Worker } from 'node:worker_threads';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import type { Counted } from '../records/count-tokens.js';
import type { RecordBatch } from '../records/pack.js';
import { packageFile } from '../util/package-file.js';
import { deathOf } from '../util/thread-death.js';

/** Time of counting that is worth the start of a thread, which opens the tokenizers again. */
const WORTH_NS = 1e9;
/** Memory of a thread with a large tokenizer. */
const THREAD_BYTES = 256 << 20;

/** What the record thread has processed by itself; ns. */
export interface ProcessingCost {
  /** Time that token counting took. */
  countNs: number;
  /** Time of all else: unpacking, metrics, files. */
  otherNs: number;
  /** Size of the batches. */
  bytes: number;
}

/**
 * How many threads should count the tokens of the records that are left when the load is over: one for each second of
 * it, no more than there are cores and half of the free memory has room for, and no more than the record thread can keep
 * up with. 0: it counts by itself.
 * @param leftBytes size of the unread batches. @param cpus that may be used. @param freeBytes free memory.
 */
export function countingThreadsFor(
  { countNs, otherNs, bytes }: ProcessingCost,
  leftBytes: number,
  { cpus, freeBytes }: { readonly cpus: number; readonly freeBytes: number },
): number {
  if (bytes === 0 || cpus === 1) return 0;
  const leftNs = (countNs / bytes) * leftBytes;
  const fitting = Math.floor(freeBytes / 2 / THREAD_BYTES);
  return Math.min(cpus, fitting, Math.floor(leftNs / WORTH_NS), Math.ceil(countNs / otherNs));
}

/** Token counts of a batch's records, in their order; undefined if its thread failed. */
export type BatchCounts = Promise<readonly Counted[] | undefined>;

interface CountingThread {
  readonly worker: Worker;
  /** Receivers of the counts of its batches, in the order in which these were sent. */
  readonly waiting: ((counts: readonly Counted[] | undefined) => void)[];
}

/** Threads that count the tokens of batches. */
export class CountingThreads {
  readonly #threads: Set<CountingThread>;
  readonly size: number;

  /** @param tokenizers of each model. */
  constructor(size: number, tokenizers: ReadonlyMap<string, TokenizerSource>) {
    this.size = size;
    this.#threads = new Set(Array.from({ length: size }, () => this.#start(tokenizers)));
  }

  /** Counts in the thread with the fewest batches. The batch is copied. */
  count(batch: RecordBatch): BatchCounts {
    const [idlest] = [...this.#threads].sort((a, b) => a.waiting.length - b.waiting.length);
    if (idlest === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      idlest.waiting.push(resolve);
      idlest.worker.postMessage(batch);
    });
  }

  /** Ends all threads; what they have not counted by then is undefined. */
  async close(): Promise<void> {
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #start(tokenizers: ReadonlyMap<string, TokenizerSource>): CountingThread {
    const worker = new Worker(packageFile('dist/collect/count-thread.js'), { workerData: tokenizers });
    const thread: CountingThread = { worker, waiting: [] };
    worker.on('message', (counts: readonly Counted[]) => thread.waiting.shift()?.(counts));
    deathOf(worker, 'A counting thread', () => false).catch(() => {
      this.#threads.delete(thread);
      for (const receive of thread.waiting.splice(0)) receive(undefined);
    });
    return thread;
  }
}
