import type { RecordPacker } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';
import { Timeout } from '../util/timeout.js';

// Each batch is at most one write to the spool, which another thread makes.
const BATCH_RECORDS = 250;
const BATCH_BYTES = 128_000;
const MAX_WAIT_MS = 50;
/** Packing a record takes 3 to 15 µs; the sockets are polled between groups of this size. */
const PACK_AT_ONCE = 4;

/**
 * Passes finished records on in batches. Each record is packed as soon as all pending reads are timestamped, so that
 * no record object survives a garbage collection: surviving records made collections take 6 ms.
 */
export class RecordBatcher {
  readonly #sink: BatchSink;
  readonly #packer: RecordPacker;
  readonly #waiting: RequestRecord[] = [];
  #packing: NodeJS.Immediate | undefined = undefined;
  #timer: Timeout | undefined = undefined;

  constructor(sink: BatchSink, packer: RecordPacker) {
    this.#sink = sink;
    this.#packer = packer;
  }

  add(record: RequestRecord): void {
    this.#waiting.push(record);
    this.#packing ??= setImmediate(this.#pack);
  }

  /** Passes on all records that were added. */
  flush(): void {
    clearImmediate(this.#packing);
    this.#packing = undefined;
    for (const record of this.#waiting.splice(0)) this.#packer.add(record);
    this.#put();
  }

  /** Passes on the rest and closes the sink. */
  async close(): Promise<void> {
    this.flush();
    await this.#sink.close();
  }

  readonly #pack = (): void => {
    const waiting = this.#waiting;
    // At least an eighth of the backlog, which otherwise grows if more records arrive per turn.
    const count = Math.max(PACK_AT_ONCE, waiting.length >> 3);
    for (const record of waiting.splice(0, count)) this.#packer.add(record);
    this.#packing = waiting.length > 0 ? setImmediate(this.#pack) : undefined;
    if (this.#packer.records >= BATCH_RECORDS || this.#packer.bytes >= BATCH_BYTES) this.#put();
    else this.#timer ??= new Timeout(() => this.flush(), MAX_WAIT_MS);
  };

  #put(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#packer.records > 0) this.#sink.put(this.#packer);
  }
}

/** Destination of a load thread's batches of finished records. */
export interface BatchSink {
  /** Takes the batch out of the packer. */
  put(packer: RecordPacker): void;
  /** No batch follows. Resolves when the reader can have all of them. */
  close(): Promise<void>;
}

/** Discards every batch. */
export const discardBatches: BatchSink = { put: (packer) => packer.clear(), async close() {} };
