import { mix } from '../util/random.js';
import { TemporaryFile } from './temporary-file.js';

/**
 * An unlimited sequence of keys, partitioned by hash: equal keys are in the same partition, in their original order,
 * and each partition is small enough to process in memory. A full buffer is sorted by partition and appended to a
 * temporary file as a run.
 */
export class Occurrences {
  readonly #keyWords: number;
  #buffer: Uint32Array;
  /** Output of sorting the buffer. */
  readonly #sorted: Uint32Array;
  #used = 0;
  readonly #runs: Uint32Array[] = [];
  #file: TemporaryFile | undefined;

  /** @param keyWords 32-bit words per key, at least 2. @param bufferBytes size of the buffer in memory. */
  constructor(keyWords: number, bufferBytes: number) {
    this.#keyWords = keyWords;
    this.#buffer = new Uint32Array(Math.max(1, Math.floor(bufferBytes / 4 / keyWords)) * keyWords);
    this.#sorted = new Uint32Array(this.#buffer.length);
  }

  /** Adds the key at `words[at]`. */
  add(words: Uint32Array, at: number): void {
    if (this.#used === this.#buffer.length) this.#spill();
    for (let word = 0; word < this.#keyWords; word++) this.#buffer[this.#used + word] = words[at + word] ?? 0;
    this.#used += this.#keyWords;
  }

  /** Number of occurrences in each partition so far. */
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

  /** The partitions in order, each in pieces that must be used before the next one. Nothing may be added afterwards. */
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

  /** Where each partition ends once the words in the buffer are sorted. */
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

  /** Sorts the buffer's keys by partition, keeping their order within each. */
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

/** The partition of all keys that start with these two words. */
export function partitionOf(first: number, second: number): number {
  return mix(first, second) >>> (32 - PARTITION_BITS);
}

/** Chosen so that the keys of one partition take less memory than two bits per occurrence. */
const PARTITION_BITS = 9;
const PARTITIONS = 2 ** PARTITION_BITS;
/** Keys read from the file at a time. */
const PIECE_KEYS = 16_384;

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
