import { mix } from '../util/random.js';

/** Finds equal keys. A `Map` would need an object for each key of more than one number. */
export class KeyTable {
  readonly #keyWords: number;
  #size = 0;
  #keys: Uint32Array;
  #firsts = new Float64Array(CAPACITY);
  /** By hash: a key's place + 1; 0: free. A power of two, twice as long as the others have room. */
  #slots = new Uint32Array(2 * CAPACITY);

  /** @param keyWords words of 32 bits that make a key, at least 2. */
  constructor(keyWords: number) {
    this.#keyWords = keyWords;
    this.#keys = new Uint32Array(CAPACITY * keyWords);
  }

  /** The occurrence that first had the key standing at `at` in the words: this one, where none had it before. */
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

  /** Forgets all keys, not the room that was made for them. */
  clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }

  /** Where the key stands, or would stand. */
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

/** Keys that there is room for at first. */
const CAPACITY = 1024;
