import { TemporaryFile } from '../trace/temporary-file.js';
import { HEAD_WORDS, keyWordsOf, packFacts, type RequestFacts, unpackFacts } from './facts.js';

/** Words that are kept in memory before they go to the temporary file. */
const BUFFER_WORDS = 2 ** 20;

/**
 * Facts of any number of requests, added in any order and read by time. Memory holds 16 bytes a request and a buffer of
 * 4 MB; the rest is in a temporary file of 36 bytes a request and 16 for each of its keys.
 */
export class FactStore {
  #times = new Float64Array(1024);
  /** Where each request starts, in words. */
  #starts = new Float64Array(1024);
  #size = 0;
  #file: TemporaryFile | undefined;
  /** Words in the file; those behind them are in the buffer. */
  #filed = 0;
  #buffer = new Uint32Array(BUFFER_WORDS);
  #buffered = 0;

  get size(): number {
    return this.#size;
  }

  /** @throws UserError if the temporary file cannot be written. */
  add(facts: RequestFacts): void {
    if (this.#size === this.#times.length) {
      this.#times = grown(this.#times);
      this.#starts = grown(this.#starts);
    }
    this.#times[this.#size] = facts.atMs;
    this.#starts[this.#size] = this.#filed + this.#buffered;
    this.#size++;
    const words = packFacts(facts);
    if (this.#buffered + words.length > this.#buffer.length) this.#spill();
    if (words.length > this.#buffer.length) {
      this.#append(words);
    } else {
      this.#buffer.set(words, this.#buffered);
      this.#buffered += words.length;
    }
  }

  /** All requests by time; those of the same time, or without one, in the order in which they were added. */
  *inOrder(): Generator<RequestFacts> {
    const order = Uint32Array.from({ length: this.#size }, (_, index) => index);
    const timeOf = (index: number) => this.#times[index] ?? 0;
    // Without times the difference is NaN, which sorts as equal.
    if (!this.#isInOrder()) order.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
    for (const index of order) yield this.#read(this.#starts[index] ?? 0);
  }

  close(): void {
    this.#file?.close();
  }

  #isInOrder(): boolean {
    for (let index = 1; index < this.#size; index++) {
      if ((this.#times[index] ?? 0) < (this.#times[index - 1] ?? 0)) return false;
    }
    return true;
  }

  #read(start: number): RequestFacts {
    const head = this.#words(start, HEAD_WORDS);
    return unpackFacts(this.#words(start, HEAD_WORDS + keyWordsOf(head)));
  }

  #words(start: number, length: number): Uint32Array {
    if (start >= this.#filed) return this.#buffer.subarray(start - this.#filed, start - this.#filed + length);
    const words = new Uint32Array(length);
    this.#file?.read(new Uint8Array(words.buffer), 4 * start);
    return words;
  }

  #spill(): void {
    this.#append(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #append(words: Uint32Array): void {
    this.#file ??= new TemporaryFile();
    this.#file.append(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    this.#filed += words.length;
  }
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
