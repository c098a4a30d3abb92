import { mix } from '../util/random.js';

/** Finds equal keys. A `Map` would need an object for each key of more than one number. */
export class KeyTable {
  readonly #keyWords: number;
  #size = 0;
  #keys: Uint32Array;
  #firsts = new Float64Array(CAPACITY);
  /** By hash: a key's index + 1, or 0 if free. The length is a power of two, twice the capacity of the other arrays. */
  #slots = new Uint32Array(2 * CAPACITY);

  /** @param keyWords 32-bit words per key, at least 2. */
  constructor(keyWords: number) {
    this.#keyWords = keyWords;
    this.#keys = new Uint32Array(CAPACITY * keyWords);
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** The first occurrence of the key at `words[at]`; undefined if it is not in the table. */
  find(words: Uint32Array, at: number): number | undefined {
    const known = (this.#slots[this.#slotOf(words, at)] ?? 0) - 1;
    return known === -1 ? undefined : this.#firsts[known];
  }

  /** Returns the first occurrence of the key at `words[at]`, which is `occurrence` if the key is new. */
  first(words: Uint32Array, at: number, occurrence: number): number {
    const slot = this.#slotOf(words, at);
    const known = (this.#slots[slot] ?? 0) - 1;
    if (known !== -1) return this.#firsts[known] ?? 0;
    for (let word = 0; word < this.#keyWords; word++) {
      this.#keys[this.#size * this.#keyWords + word] = words[at + word] ?? 0;
    }
    this.#firsts[this.#size] = occurrence;
    this.#size++;
    this.#slots[slot] = this.#size;
    if (this.#size === this.#firsts.length) this.#grow();
    return occurrence;
  }

  /** The key that was added after `index` others; valid until the next change. */
  keyAt(index: number): Uint32Array {
    return this.#keys.subarray(index * this.#keyWords, (index + 1) * this.#keyWords);
  }

  /** Removes all keys but keeps the memory. */
  clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }

  /** The slot of the key, or the free slot for it. */
  #slotOf(words: Uint32Array, at: number): number {
    let hash = mix(words[at] ?? 0, words[at + 1] ?? 0);
    for (let word = 2; word < this.#keyWords; word++) hash = mix(hash, words[at + word] ?? 0);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const known = (this.#slots[slot] ?? 0) - 1;
      if (known === -1 || this.#isAt(known, words, at)) return slot;
    }
  }

  #isAt(known: number, words: Uint32Array, at: number): boolean {
    for (let word = 0; word < this.#keyWords; word++) {
      if (this.#keys[known * this.#keyWords + word] !== words[at + word]) return false;
    }
    return true;
  }

  #grow(): void {
    const keys = new Uint32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    const firsts = new Float64Array(2 * this.#size);
    firsts.set(this.#firsts);
    this.#firsts = firsts;
    this.#slots = new Uint32Array(4 * this.#size);
    for (let known = 0; known < this.#size; known++) {
      this.#slots[this.#slotOf(keys, known * this.#keyWords)] = known + 1;
    }
  }
}

/** Initial capacity in keys. */
const CAPACITY = 1024;
