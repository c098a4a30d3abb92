import type { MessagePort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import { PREWARMED, type RecordBatch } from '../records/pack.js';
import { type PhaseCounts, SpoolWriter } from '../records/spool.js';
import { messageOf } from '../util/errors.js';
import { FIRST_DIGEST, itemsOfBytes, nextDigest, readBatchMessage } from './batch-message.js';
import { BadMessage, readMessage, type Seal, seal } from './messages.js';

export interface ReceiverOptions {
  readonly round: number;
  /** Of each load thread of the shard: where its observations, and batches that cannot be spooled, are posted. */
  readonly ports: readonly MessagePort[];
  /** Folder that batches are spooled to, as load threads do; undefined: all are posted. */
  readonly spool: string | undefined;
  /** Number of the first load thread of the shard in the spool. */
  readonly firstThread: number;
  readonly onSpoolFailure: (message: string) => void;
}

/**
 * Takes in the messages with records of one shard, in their order and each once, and hands the records to the record
 * thread as load threads of this process would.
 */
export class ShardReceiver {
  readonly #options: ReceiverOptions;
  readonly #writers: (SpoolWriter | undefined)[] = [];
  #seq = 0;
  #digest = FIRST_DIGEST;
  #parts: Uint8Array[] = [];
  #canSpool: boolean;
  #isOpen = true;
  #records = 0;
  #warmups = 0;
  /** The shard's last message; undefined until it has come. */
  seal: Seal | undefined;
  /** What is wrong with its messages; undefined: nothing. */
  fault: string | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#canSpool = options.spool !== undefined;
    // Nothing is made up to prewarm the record thread with.
    for (const port of options.ports) port.postMessage(PREWARMED);
  }

  /** Records taken in, by phase. */
  get received(): PhaseCounts {
    return { warmup: this.#warmups, profiling: this.#records - this.#warmups };
  }

  /** Takes a message; one that was taken before is ignored. */
  take(bytes: Uint8Array): void {
    if (!this.#isOpen || this.fault !== undefined) return;
    try {
      this.#take(bytes);
    } catch (thrown) {
      if (!(thrown instanceof BadMessage)) throw thrown;
      this.fault = thrown.message;
    }
  }

  /** No message follows. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const writer of this.#writers) writer?.close();
    for (const port of this.#options.ports) port.close();
  }

  #take(bytes: Uint8Array): void {
    const { head, body } = readBatchMessage(bytes);
    if (head.round !== this.#options.round || head.seq <= this.#seq) return;
    if (head.seq !== this.#seq + 1)
      throw new BadMessage(`messages ${this.#seq + 1} to ${head.seq - 1} of its records are missing`);
    const digest = nextDigest(this.#digest, body);
    if (digest !== head.digest)
      throw new BadMessage(`message ${head.seq} of its records was changed on its way`);
    this.#seq = head.seq;
    this.#digest = digest;
    if (head.kind === 'seal') this.#takeSeal(body);
    else this.#parts.push(body);
    if (head.kind !== 'batch') return;
    const items = itemsOfBytes(inflateRawSync(Buffer.concat(this.#parts.splice(0))));
    let records = 0;
    for (const { thread, item } of items) {
      const port = this.#options.ports[thread];
      if (port === undefined) throw new BadMessage(`it has no load thread ${thread}`);
      if ('samples' in item) port.postMessage(item);
      else {
        records += item.records;
        this.#warmups += item.warmups;
        this.#put(thread, port, item);
      }
    }
    if (records !== head.records)
      throw new BadMessage(`message ${head.seq} holds ${records} records instead of ${head.records}`);
    this.#records += records;
  }

  #takeSeal(body: Uint8Array): void {
    const read = readMessage(seal, 'the seal of a shard', Buffer.from(body).toString('utf8'));
    if (read.records !== this.#records)
      throw new BadMessage(`it sealed ${read.records} records, and ${this.#records} have arrived`);
    this.seal = read;
    this.close();
  }

  #put(thread: number, port: MessagePort, batch: RecordBatch): void {
    const { spool, firstThread, onSpoolFailure } = this.#options;
    if (this.#canSpool && spool !== undefined) {
      try {
        this.#writers[thread] ??= new SpoolWriter(spool, firstThread + thread, batch.workerId);
        this.#writers[thread].append(batch);
        return;
      } catch (thrown) {
        // As load threads do: later batches of this shard wait in memory.
        this.#canSpool = false;
        onSpoolFailure(messageOf(thrown));
      }
    }
    port.postMessage(batch);
  }
}
