import { inflateRawSync } from 'node:zlib';
import { type RecordBatch, RecordPacker, unpackRecords } from '../../records/pack.js';
import type { RequestRecord } from '../../records/record.js';
import type { PhaseCounts } from '../../records/spool.js';
import { FIRST_DIGEST, itemsOfBytes, nextDigest, readBatchMessage } from '../batch-message.js';
import { BadMessage, type BatchHead, readMessage, type Seal, seal } from '../messages.js';
import type { ShardFeeds } from './shard-feeds.js';

export interface ReceiverOptions {
  readonly round: number;
  /** Load threads of the agent. */
  readonly threads: number;
  readonly feeds: ShardFeeds;
}

/** Takes in the messages with records of one process that holds a shard, in their order and each once. */
export class ShardReceiver {
  readonly #options: ReceiverOptions;
  #seq = 0;
  #digest = FIRST_DIGEST;
  #parts: Uint8Array[] = [];
  #isOpen = true;
  /** Records in all messages. */
  #arrived = 0;
  #received: PhaseCounts = { warmup: 0, profiling: 0 };
  #leftOut: PhaseCounts = { warmup: 0, profiling: 0 };
  #isKept: ((record: RequestRecord) => boolean) | undefined;
  /** What the agent had started and sent of each phase when it sent its last message. */
  sent: BatchHead['sent'] = [];
  /** The last message; undefined until it has come. */
  seal: Seal | undefined;
  /** What is wrong with the messages; undefined: nothing. */
  fault: string | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Records taken in, by phase. */
  get received(): PhaseCounts {
    return this.#received;
  }

  /** Records that have arrived and were not kept. */
  get leftOut(): PhaseCounts {
    return this.#leftOut;
  }

  /** From now on takes in only some of the records. */
  keepOnly(isKept: (record: RequestRecord) => boolean): void {
    this.#isKept = isKept;
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

  /** Takes no further message. */
  close(): void {
    this.#isOpen = false;
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
    this.sent = head.sent;
    if (head.kind === 'seal') this.#takeSeal(body);
    else this.#parts.push(body);
    if (head.kind !== 'batch') return;
    const { threads, feeds } = this.#options;
    const items = itemsOfBytes(inflateRawSync(Buffer.concat(this.#parts.splice(0))));
    let records = 0;
    for (const { thread, item } of items) {
      if (thread < 0 || thread >= threads) throw new BadMessage(`it has no load thread ${thread}`);
      if ('samples' in item) feeds.put(thread, item);
      else {
        records += item.records;
        const kept = this.#keep(item);
        this.#received = sum(this.#received, countsOf(kept));
        if (kept.records > 0) feeds.put(thread, kept);
      }
    }
    if (records !== head.records)
      throw new BadMessage(`message ${head.seq} holds ${records} records instead of ${head.records}`);
    this.#arrived += records;
  }

  /** The records of a batch that are taken in. */
  #keep(batch: RecordBatch): RecordBatch {
    const isKept = this.#isKept;
    if (isKept === undefined) return batch;
    const packer = new RecordPacker(batch.workerId);
    for (const record of unpackRecords(batch)) if (isKept(record)) packer.add(record);
    const kept = packer.take();
    const [all, some] = [countsOf(batch), countsOf(kept)];
    const left = { warmup: all.warmup - some.warmup, profiling: all.profiling - some.profiling };
    this.#leftOut = sum(this.#leftOut, left);
    return kept;
  }

  #takeSeal(body: Uint8Array): void {
    const read = readMessage(seal, Buffer.from(body).toString('utf8'));
    if (read.records !== this.#arrived)
      throw new BadMessage(`it sealed ${read.records} records, and ${this.#arrived} have arrived`);
    this.seal = read;
    this.close();
  }
}

function countsOf({ records, warmups }: RecordBatch): PhaseCounts {
  return { warmup: warmups, profiling: records - warmups };
}

function sum(a: PhaseCounts, b: PhaseCounts): PhaseCounts {
  return { warmup: a.warmup + b.warmup, profiling: a.profiling + b.profiling };
}
