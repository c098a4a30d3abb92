import type { MessagePort } from 'node:worker_threads';
import { PREWARMED, type RecordBatch } from '../../records/pack.js';
import { SpoolWriter } from '../../records/spool.js';
import type { Observation } from '../../telemetry/time-series.js';
import { messageOf } from '../../util/errors.js';

export interface ShardFeedsOptions {
  /** Of each load thread: where its observations, and batches that cannot be spooled, are posted. */
  readonly ports: readonly MessagePort[];
  /** Folder that batches are spooled to, as load threads do; undefined: all are posted. */
  readonly spool: string | undefined;
  /** Number of the first of them in the spool. */
  readonly firstThread: number;
  readonly onSpoolFailure: (message: string) => void;
}

/** Hands the records of a shard to the record thread as load threads of this process would. */
export class ShardFeeds {
  readonly #options: ShardFeedsOptions;
  readonly #writers: (SpoolWriter | undefined)[] = [];
  #canSpool: boolean;
  #isOpen = true;

  constructor(options: ShardFeedsOptions) {
    this.#options = options;
    this.#canSpool = options.spool !== undefined;
    // Nothing is made up to prewarm the record thread with.
    for (const port of options.ports) port.postMessage(PREWARMED);
  }

  /** @param thread of the agent; one that takes the place of another may have more threads. */
  put(thread: number, item: RecordBatch | Observation): void {
    const { ports, spool, firstThread, onSpoolFailure } = this.#options;
    const place = thread % ports.length;
    if (!this.#isOpen) return;
    if (!('samples' in item) && this.#canSpool && spool !== undefined) {
      try {
        this.#writers[place] ??= new SpoolWriter(spool, firstThread + place, item.workerId);
        this.#writers[place].append(item);
        return;
      } catch (thrown) {
        // As load threads do: later batches of this shard wait in memory.
        this.#canSpool = false;
        onSpoolFailure(messageOf(thrown));
      }
    }
    ports[place]?.postMessage(item);
  }

  /** Nothing follows. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const writer of this.#writers) writer?.close();
    for (const port of this.#options.ports) port.close();
  }
}
