import type { MessagePort } from 'node:worker_threads';
import type { RecordPacker } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';
import type { SpoolWriter } from '../records/spool.js';
import { messageOf } from '../util/errors.js';
import { Timeout } from '../util/timeout.js';

// Each batch is a write to the spool: some 50 µs in which nothing is stamped.
const BATCH_RECORDS = 250;
const BATCH_BYTES = 128_000;
const LONGEST_WAIT_MS = 50;
/** Packing a record takes 3 to 15 µs; between so many the sockets are looked at. */
const PACKED_AT_ONCE = 16;

/**
 * Hands finished records on in batches. Each is packed as soon as what is there to be read is read and stamped, so
 * that none lives long enough to be carried from one garbage collection to the next: that took 6 ms each.
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

  /** Hands on all records that were added. */
  flush(): void {
    clearImmediate(this.#packing);
    this.#packing = undefined;
    for (const record of this.#waiting.splice(0)) this.#packer.add(record);
    this.#put();
  }

  /** Hands on the rest and closes the sink. */
  close(): void {
    this.flush();
    this.#sink.close();
  }

  readonly #pack = (): void => {
    const waiting = this.#waiting;
    // A share of what waits as well: where more than that comes at each look, it must not pile up.
    const count = Math.max(PACKED_AT_ONCE, waiting.length >> 2);
    for (const record of waiting.splice(0, count)) this.#packer.add(record);
    this.#packing = waiting.length > 0 ? setImmediate(this.#pack) : undefined;
    if (this.#packer.records >= BATCH_RECORDS || this.#packer.bytes >= BATCH_BYTES) this.#put();
    else this.#timer ??= new Timeout(() => this.flush(), LONGEST_WAIT_MS);
  };

  #put(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#packer.records > 0) this.#sink.put(this.#packer);
  }
}

/** Where a load thread leaves batches of finished records. */
export interface BatchSink {
  /** Takes the batch out of the packer. */
  put(packer: RecordPacker): void;
  /** The last batch was put. */
  close(): void;
}

/** One that keeps batches on disk. */
export interface SpoolSink extends BatchSink {
  /** What was put so far need not be kept. */
  endPrewarm(): void;
}

/**
 * Appends batches to the spool, and closes the port when there are no more. Where the spool cannot be written, batches
 * go through the port instead, and wait in memory for their reader.
 * @param spool undefined: there is none. @param onFailure called once, with what went wrong.
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

/** Forgets what it is given. */
export const nowhere: BatchSink = { put: (packer) => packer.clear(), close() {} };
