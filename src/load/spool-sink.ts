import type { MessagePort } from 'node:worker_threads';
import type { RecordBatch, RecordPacker } from '../records/pack.js';
import type { SpoolGate } from '../records/spool-gate.js';
import { SpoolQueue } from '../records/spool-queue.js';
import { messageOf } from '../util/errors.js';
import type { BatchSink } from './record-batcher.js';

/** Where more finished records of a thread wait in memory for the disk, it is called slow. */
const SLOW_BYTES = 32e6;

export interface SpoolSinkOptions {
  /** Folder; undefined: no spool. */
  readonly folder: string | undefined;
  readonly thread: number;
  readonly workerId: string;
  readonly gate: SpoolGate;
  /** Receives the batches that cannot be spooled; closed after the last batch. */
  readonly port: MessagePort;
  /** Called once, with the reason. */
  readonly onFailure: (message: string) => void;
  /** Called once, when more than `bytes` wait for the disk. */
  readonly onSlow: (bytes: number) => void;
}

/**
 * Appends batches to the spool; the thread never waits for the disk. If the spool cannot be written, batches are posted
 * to the port instead, and wait in memory for their reader.
 */
export class SpoolSink implements BatchSink {
  readonly #options: SpoolSinkOptions;
  readonly #queue: SpoolQueue | undefined;
  #isPosting: boolean;
  #isSlow = false;

  constructor(options: SpoolSinkOptions) {
    this.#options = options;
    this.#queue = this.#open();
    this.#isPosting = this.#queue === undefined;
  }

  put(packer: RecordPacker): void {
    const batch = packer.take();
    if (this.#queue === undefined || this.#isPosting) {
      this.#post(batch);
      return;
    }
    this.#queue.append(batch, () => packer.reuse(batch));
    if (this.#isSlow || this.#queue.queuedBytes < SLOW_BYTES) return;
    this.#isSlow = true;
    this.#options.onSlow(SLOW_BYTES);
  }

  /** The batches so far were made up and may be deleted. Resolves when all of them are on the disk or posted. */
  async endPrewarm(): Promise<void> {
    if (!this.#isPosting) this.#queue?.nextSegment();
    await this.#queue?.settled();
    if (this.#isPosting) this.#queue?.empty();
  }

  /** Puts all batches on the disk before it returns, or posts them: the thread ends. */
  putNow(): void {
    this.#queue?.writeNow();
  }

  async close(): Promise<void> {
    await this.#queue?.settled();
    this.#queue?.close();
    this.#options.port.close();
  }

  #open(): SpoolQueue | undefined {
    const { folder, onFailure } = this.#options;
    if (folder === undefined) return undefined;
    try {
      return new SpoolQueue({
        ...this.#options,
        folder,
        onFailure: (error, unwritten) => {
          this.#isPosting = true;
          onFailure(messageOf(error));
          for (const batch of unwritten) this.#post(batch);
        },
      });
    } catch (thrown) {
      onFailure(messageOf(thrown));
      return undefined;
    }
  }

  #post(batch: RecordBatch): void {
    this.#options.port.postMessage(batch, [batch.numbers.buffer, batch.strings.buffer]);
  }
}
