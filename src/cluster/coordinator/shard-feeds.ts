import type { MessagePort } from 'node:worker_threads';
import { PREWARMED, type RecordBatch } from '../../records/pack.js';
import type { SpoolGate } from '../../records/spool-gate.js';
import { SpoolQueue } from '../../records/spool-queue.js';
import type { Observation } from '../../telemetry/time-series.js';
import { messageOf } from '../../util/errors.js';

export interface ShardFeedsOptions {
  /** Of each load thread: where its observations, and batches that cannot be spooled, are posted. */
  readonly ports: readonly MessagePort[];
  /** Folder that batches are spooled to, as load threads do; undefined: all are posted. */
  readonly spool: string | undefined;
  /** Number of the first of them in the spool. */
  readonly firstThread: number;
  /** Of all feeds of the run. */
  readonly gate: SpoolGate;
  readonly onSpoolFailure: (message: string) => void;
}

/** Hands the records of a shard to the record thread as load threads of this process would. */
export class ShardFeeds {
  readonly #options: ShardFeedsOptions;
  /** Of each load thread. */
  readonly #queues = new Map<number, SpoolQueue>();
  /** Load threads whose batches are posted: their spool failed. */
  readonly #posting = new Set<number>();
  #isOpen = true;

  constructor(options: ShardFeedsOptions) {
    this.#options = options;
    // Nothing is made up to prewarm the record thread with.
    for (const port of options.ports) port.postMessage(PREWARMED);
  }

  /** @param thread of the agent; one that takes the place of another may have more threads. */
  put(thread: number, item: RecordBatch | Observation): void {
    const { ports } = this.#options;
    const place = thread % ports.length;
    if (!this.#isOpen) return;
    const queue = 'samples' in item ? undefined : this.#queueOf(place, item.workerId);
    if (queue === undefined || 'samples' in item) ports[place]?.postMessage(item);
    else queue.append(item, () => {});
  }

  /** Bytes that wait for the disk of the spool. */
  get queuedBytes(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.queuedBytes, 0);
  }

  /** Resolves when nothing waits for the disk. */
  async settled(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.settled()));
  }

  /** Nothing follows: closes the ports when all is on the disk. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.settled();
    for (const queue of this.#queues.values()) queue.close();
    for (const port of this.#options.ports) port.close();
  }

  /** Undefined if there is no spool, or it cannot be written. */
  #queueOf(place: number, workerId: string): SpoolQueue | undefined {
    const { spool: folder, firstThread, gate, ports, onSpoolFailure } = this.#options;
    if (folder === undefined || this.#posting.has(place)) return undefined;
    const known = this.#queues.get(place);
    if (known !== undefined) return known;
    // As load threads do: later batches of this thread wait in memory.
    const fail = (error: unknown) => {
      this.#posting.add(place);
      onSpoolFailure(messageOf(error));
    };
    try {
      const queue = new SpoolQueue({
        ...{ folder, thread: firstThread + place, workerId, gate },
        onFailure: (error, unwritten) => {
          fail(error);
          for (const batch of unwritten) ports[place]?.postMessage(batch);
        },
      });
      this.#queues.set(place, queue);
      return queue;
    } catch (thrown) {
      fail(thrown);
      return undefined;
    }
  }
}
