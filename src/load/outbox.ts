import type { MessagePort } from 'node:worker_threads';
import { packRecords } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';

const BATCH_RECORDS = 50;
const LONGEST_WAIT_MS = 50;

/** Sends finished records on in batches: full ones at once, the rest within 50 ms. */
export class Outbox {
  readonly #port: MessagePort;
  readonly #workerId: string;
  #waiting: RequestRecord[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(port: MessagePort, workerId: string) {
    this.#port = port;
    this.#workerId = workerId;
  }

  add(record: RequestRecord): void {
    this.#waiting.push(record);
    if (this.#waiting.length >= BATCH_RECORDS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LONGEST_WAIT_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const batch = packRecords(this.#waiting, this.#workerId);
    this.#waiting = [];
    this.#port.postMessage(batch, [batch.numbers]);
  }

  /** Sends the rest and closes the way; the other side sees the port close after the last batch. */
  close(): void {
    this.flush();
    this.#port.close();
  }
}
