import { type HashId, highWord, lowWord } from '../dataset/hash-id.js';

/** 32-bit words of a prefix key. */
export const PREFIX_WORDS = 4;

/**
 * A key for each prefix of a request: a 128-bit hash, extended block by block. Among 2^32 prefixes the probability that
 * any two collide is 2^63 pairs / 2^128, i.e. 1 in 10^19.
 * The key is the full state of HalfSipHash (Aumasson and Bernstein, two rounds per word) with a zero key. Its rounds
 * are invertible: different states stay different after the same block.
 */
export class PrefixKeys {
  #keys = new Uint32Array(1024);

  /** The keys from shortest to longest prefix, concatenated; valid until the next call. */
  of(hashIds: ArrayLike<HashId>): Uint32Array {
    const length = hashIds.length * PREFIX_WORDS;
    if (this.#keys.length < length) this.#keys = new Uint32Array(2 * length);
    const keys = this.#keys.subarray(0, length);
    const state = new State();
    for (let place = 0; place < hashIds.length; place++) {
      const id = hashIds[place] ?? 0;
      state.take(lowWord(id));
      state.take(highWord(id));
      state.copyTo(keys, place * PREFIX_WORDS);
    }
    return keys;
  }
}

/** A 128-bit key of a text, made by the same hash. */
export function textKey(text: string): Uint32Array {
  const state = new State();
  // The length tells apart texts that differ only in trailing zero characters.
  state.take(text.length);
  for (let at = 0; at < text.length; at += 2) {
    state.take(text.charCodeAt(at) | (at + 1 < text.length ? text.charCodeAt(at + 1) << 16 : 0));
  }
  const key = new Uint32Array(PREFIX_WORDS);
  state.copyTo(key, 0);
  return key;
}

class State {
  #a = 0;
  #b = 0;
  #c = 0x6c796765;
  #d = 0x74656462;

  take(word: number): void {
    this.#d ^= word;
    this.#round();
    this.#round();
    this.#a ^= word;
  }

  copyTo(keys: Uint32Array, at: number): void {
    keys[at] = this.#a;
    keys[at + 1] = this.#b;
    keys[at + 2] = this.#c;
    keys[at + 3] = this.#d;
  }

  #round(): void {
    let a = (this.#a + this.#b) | 0;
    let b = rotated(this.#b, 5) ^ a;
    a = rotated(a, 16);
    let c = (this.#c + this.#d) | 0;
    let d = rotated(this.#d, 8) ^ c;
    a = (a + d) | 0;
    d = rotated(d, 7) ^ a;
    c = (c + b) | 0;
    b = rotated(b, 13) ^ c;
    c = rotated(c, 16);
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
