import type { MessagePort } from 'node:worker_threads';
import type { RecordPacker } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';
import type { SpoolWriter } from '../records/spool.js';
import { messageOf } from '../util/errors.js';
import { Timeout } from '../util/timeout.js';

// Each batch is one write to the spool, which takes about 50 µs in which nothing is timestamped.
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
  close(): void {
    this.flush();
    this.#sink.close();
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
  /** No batch follows. */
  close(): void;
}

/** A batch sink that keeps batches on disk. */
export interface SpoolSink extends BatchSink {
  /** The batches so far were made up and may be deleted. */
  endPrewarm(): void;
}

/**
 * Appends batches to the spool, and closes the port after the last. If the spool cannot be written, batches are posted
 * to the port instead, and wait in memory for their reader.
 * @param spool undefined: none. @param onFailure called once, with the reason.
 */
export function spoolSink(
  spool: SpoolWriter | undefined,
  port: MessagePort,
  onFailure: (message: string) => void,
): SpoolSink {
  let written = spool;
  const attempt = (write: (to: SpoolWriter) => void): boolean => {
    if (written === undefined) return false;
    try {
      write(written);
      return true;
    } catch (thrown) {
      written = undefined;
      onFailure(messageOf(thrown));
      return false;
    }
  };
  return {
    put(packer) {
      if (attempt((to) => to.append(packer.batch))) {
        packer.clear();
        return;
      }
      const batch = packer.take();
      port.postMessage(batch, [batch.numbers.buffer, batch.strings.buffer]);
    },
    endPrewarm() {
      if (!attempt((to) => to.nextSegment())) spool?.empty();
    },
    close() {
      spool?.close();
      port.close();
    },
  };
}

/** Discards every batch. */
export const discardBatches: BatchSink = { put: (packer) => packer.clear(), close() {} };
