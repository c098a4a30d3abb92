import type { MessagePort } from 'node:worker_threads';
import type { RecordPacker } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';

// A batch wakes the other thread.
const BATCH_RECORDS = 250;
const BATCH_BYTES = 4_000_000;
const LONGEST_WAIT_MS = 50;
/** Packing a record takes 3 to 15 µs; between so many the sockets are looked at. */
const PACKED_AT_ONCE = 16;

/**
 * Sends finished records on in batches. Each is packed as soon as what is there to be read is read and stamped, so
 * that none lives long enough to be carried from one garbage collection to the next: that took 6 ms each.
 */
export class Outbox {
  readonly #port: MessagePort;
  readonly #packer: RecordPacker;
  readonly #waiting: RequestRecord[] = [];
  #packing: NodeJS.Immediate | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(port: MessagePort, packer: RecordPacker) {
    this.#port = port;
    this.#packer = packer;
  }

  add(record: RequestRecord): void {
    this.#waiting.push(record);
    this.#packing ??= setImmediate(this.#pack);
  }

  /** Sends all that there is. */
  flush(): void {
    clearImmediate(this.#packing);
    this.#packing = undefined;
    for (const record of this.#waiting.splice(0)) this.#packer.add(record);
    this.#post();
  }

  /** Sends the rest and closes the way; the other side sees the port close after the last batch. */
  close(): void {
    this.flush();
    this.#port.close();
  }

  readonly #pack = (): void => {
    const waiting = this.#waiting;
    // A share of what waits as well: where more than that comes at each look, it must not pile up.
    const count = Math.max(PACKED_AT_ONCE, waiting.length >> 2);
    for (const record of waiting.splice(0, count)) this.#packer.add(record);
    this.#packing = waiting.length > 0 ? setImmediate(this.#pack) : undefined;
    if (this.#packer.records >= BATCH_RECORDS || this.#packer.bytes >= BATCH_BYTES) this.#post();
    else this.#timer ??= setTimeout(() => this.flush(), LONGEST_WAIT_MS);
  };

  #post(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#packer.records === 0) return;
    const batch = this.#packer.take();
    this.#port.postMessage(batch, [batch.numbers, batch.strings]);
  }
}
