import { mix } from '../util/random.js';
import { TemporaryFile } from './temporary-file.js';

/**
 * Keys in the order in which they occur, any number of them, taken apart by their hash: equal keys come out in the
 * same partition, still in their order, and each partition is small enough to be worked on by itself. A full buffer
 * is sorted by partition and appended to a temporary file, as a run.
 */
export class Occurrences {
  readonly #keyWords: number;
  #buffer: Uint32Array;
  /** What the buffer is sorted into. */
  readonly #sorted: Uint32Array;
  #used = 0;
  readonly #runs: Uint32Array[] = [];
  #file: TemporaryFile | undefined;

  /** @param keyWords words of 32 bits that make a key, at least 2. @param bufferBytes of keys before a file is used. */
  constructor(keyWords: number, bufferBytes: number) {
    this.#keyWords = keyWords;
    this.#buffer = new Uint32Array(Math.max(1, Math.floor(bufferBytes / 4 / keyWords)) * keyWords);
    this.#sorted = new Uint32Array(this.#buffer.length);
  }

  /** Takes the key that stands at `at` in the words. */
  add(words: Uint32Array, at: number): void {
    if (this.#used === this.#buffer.length) this.#spill();
    for (let word = 0; word < this.#keyWords; word++) this.#buffer[this.#used + word] = words[at + word] ?? 0;
    this.#used += this.#keyWords;
  }

  /** How many occurrences each partition has so far. */
  counts(): Float64Array {
    const counts = new Float64Array(PARTITIONS);
    for (const ends of [...this.#runs, this.#ends()]) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const length = (ends[partition] ?? 0) - (ends[partition - 1] ?? 0);
        counts[partition] = (counts[partition] ?? 0) + length / this.#keyWords;
      }
    }
    return counts;
  }

  /** The partitions one by one, each as pieces that are to be used before the next; nothing may be added any more. */
  *partitions(): Generator<Iterable<Uint32Array>> {
    const ends = this.#ends();
    const rest = this.#sort(ends);
    this.#buffer = new Uint32Array(PIECE_KEYS * this.#keyWords);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      yield this.#pieces(partition, rest.subarray(ends[partition - 1] ?? 0, ends[partition]));
    }
  }

  close(): void {
    this.#file?.close();
  }

  *#pieces(partition: number, rest: Uint32Array): Generator<Uint32Array> {
    let runStart = 0;
    for (const ends of this.#runs) {
      const end = runStart + (ends[partition] ?? 0);
      for (let start = runStart + (ends[partition - 1] ?? 0); start < end; start += this.#buffer.length) {
        const piece = this.#buffer.subarray(0, Math.min(this.#buffer.length, end - start));
        this.#file?.read(bytesOf(piece), 4 * start);
        yield piece;
      }
      runStart += ends.at(-1) ?? 0;
    }
    yield rest;
  }

  #spill(): void {
    const ends = this.#ends();
    this.#file ??= new TemporaryFile();
    this.#file.append(bytesOf(this.#sort(ends)));
    this.#runs.push(ends);
    this.#used = 0;
  }

  /** Where each partition's words would end if those in the buffer were sorted. */
  #ends(): Uint32Array {
    const ends = new Uint32Array(PARTITIONS);
    for (let at = 0; at < this.#used; at += this.#keyWords) {
      const partition = this.#partitionAt(at);
      ends[partition] = (ends[partition] ?? 0) + this.#keyWords;
    }
    for (let partition = 1; partition < PARTITIONS; partition++) {
      ends[partition] = (ends[partition] ?? 0) + (ends[partition - 1] ?? 0);
    }
    return ends;
  }

  /** The buffer's keys by partition, in their order within each. */
  #sort(ends: Uint32Array): Uint32Array {
    const next = new Uint32Array(PARTITIONS);
    next.set(ends.subarray(0, -1), 1);
    for (let at = 0; at < this.#used; at += this.#keyWords) {
      const partition = this.#partitionAt(at);
      const to = next[partition] ?? 0;
      next[partition] = to + this.#keyWords;
      for (let word = 0; word < this.#keyWords; word++)
        this.#sorted[to + word] = this.#buffer[at + word] ?? 0;
    }
    return this.#sorted.subarray(0, this.#used);
  }

  #partitionAt(at: number): number {
    return partitionOf(this.#buffer[at] ?? 0, this.#buffer[at + 1] ?? 0);
  }
}

/** The partition of all keys that begin with these two words. */
export function partitionOf(first: number, second: number): number {
  return mix(first, second) >>> (32 - PARTITION_BITS);
}

/** So many that the keys of one take less memory than two bits for each occurrence do. */
const PARTITION_BITS = 9;
const PARTITIONS = 2 ** PARTITION_BITS;
/** Keys that are read from the file at once. */
const PIECE_KEYS = 16_384;

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
