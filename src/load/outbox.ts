import type { MessagePort } from 'node:worker_threads';
import { packRecords } from '../records/pack.js';
import type { RequestRecord } from '../records/record.js';

// A batch wakes the other thread, and packing one costs about the same whatever it holds.
const BATCH_RECORDS = 250;
const BATCH_CHUNKS = 25_000;
const BATCH_CHARACTERS = 4_000_000;
const LONGEST_WAIT_MS = 50;

/** Sends finished records on in batches: full ones as soon as what is there to be read is read, the rest within 50 ms. */
export class Outbox {
  readonly #port: MessagePort;
  readonly #workerId: string;
  #waiting: RequestRecord[] = [];
  #chunks = 0;
  #characters = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #flushing: NodeJS.Immediate | undefined = undefined;

  constructor(port: MessagePort, workerId: string) {
    this.#port = port;
    this.#workerId = workerId;
  }

  add(record: RequestRecord): void {
    this.#waiting.push(record);
    this.#chunks += record.contentNs.length;
    this.#characters += charactersOf(record);
    const isFull =
      this.#waiting.length >= BATCH_RECORDS ||
      this.#chunks >= BATCH_CHUNKS ||
      this.#characters >= BATCH_CHARACTERS;
    if (isFull) this.#flushing ??= setImmediate(() => this.flush());
    else this.#timer ??= setTimeout(() => this.flush(), LONGEST_WAIT_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#waiting.length === 0) return;
    const batch = packRecords(this.#waiting, this.#workerId);
    this.#waiting = [];
    this.#chunks = 0;
    this.#characters = 0;
    this.#port.postMessage(batch, [batch.numbers]);
  }

  /** Sends the rest and closes the way; the other side sees the port close after the last batch. */
  close(): void {
    this.flush();
    this.#port.close();
  }
}

/** Of the texts that a record brings along; raw units hold about what the text does, several times over. */
function charactersOf({ text, reasoning, inputText, error, raw }: RequestRecord): number {
  const own =
    (text?.length ?? 0) + (reasoning?.length ?? 0) + (inputText?.length ?? 0) + (error?.message.length ?? 0);
  const units = raw?.units ?? [];
  return own + units.reduce((sum, unit) => sum + 300 + (unit.text?.length ?? 0), 0);
}
