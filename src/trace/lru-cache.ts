import { PREFIX_WORDS } from './prefix-keys.js';

/**
 * An LRU prefix cache with a fixed number of blocks. A request hits its leading cached blocks; afterwards all its
 * blocks are cached. Among the blocks of one request the last is evicted first, because it is useless without those
 * before it. Takes 32 to 36 bytes per block of capacity.
 */
export class LruCache {
  readonly #capacity: number;
  #size = 0;
  /** The key of each slot. Slot 0 is the head of a ring in order of last use; the oldest comes after it. */
  readonly #keys: Uint32Array;
  readonly #newer: Uint32Array;
  readonly #older: Uint32Array;
  /** Hash table by the key's first word, a power of two long: the first slot of a chain; 0 ends it. */
  readonly #chains: Uint32Array;
  readonly #nextInChain: Uint32Array;

  /** @param capacity blocks, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#keys = new Uint32Array((capacity + 1) * PREFIX_WORDS);
    this.#newer = new Uint32Array(capacity + 1);
    this.#older = new Uint32Array(capacity + 1);
    this.#chains = new Uint32Array(2 ** Math.ceil(Math.log2(capacity)));
    this.#nextInChain = new Uint32Array(capacity + 1);
  }

  /**
   * @param prefixes the keys of the request's blocks, each covering all blocks before it. @returns the number of hits.
   */
  request(prefixes: Uint32Array): number {
    let hits = 0;
    while (hits * PREFIX_WORDS < prefixes.length && this.#find(prefixes, hits * PREFIX_WORDS) !== 0) hits++;
    for (let at = prefixes.length - PREFIX_WORDS; at >= 0; at -= PREFIX_WORDS) this.#use(prefixes, at);
    return hits;
  }

  #use(words: Uint32Array, at: number): void {
    const held = this.#find(words, at);
    if (held !== 0) this.#unlink(held);
    const slot = held === 0 ? this.#newSlot(words, at) : held;
    const newest = this.#older[0] ?? 0;
    this.#older[slot] = newest;
    this.#newer[slot] = 0;
    this.#newer[newest] = slot;
    this.#older[0] = slot;
  }

  /** The slot of the key at `words[at]`; 0 if it is not cached. */
  #find(words: Uint32Array, at: number): number {
    let slot = this.#chains[this.#chainOf(words, at)] ?? 0;
    while (slot !== 0 && !this.#holds(slot, words, at)) slot = this.#nextInChain[slot] ?? 0;
    return slot;
  }

  #holds(slot: number, words: Uint32Array, at: number): boolean {
    for (let word = 0; word < PREFIX_WORDS; word++) {
      if (this.#keys[slot * PREFIX_WORDS + word] !== words[at + word]) return false;
    }
    return true;
  }

  /** Stores the key in a free slot, or in the oldest one if the cache is full. */
  #newSlot(words: Uint32Array, at: number): number {
    const slot = this.#size < this.#capacity ? ++this.#size : this.#forgetOldest();
    for (let word = 0; word < PREFIX_WORDS; word++) {
      this.#keys[slot * PREFIX_WORDS + word] = words[at + word] ?? 0;
    }
    const chain = this.#chainOf(words, at);
    this.#nextInChain[slot] = this.#chains[chain] ?? 0;
    this.#chains[chain] = slot;
    return slot;
  }

  /** @returns the slot that was freed. */
  #forgetOldest(): number {
    const oldest = this.#newer[0] ?? 0;
    this.#unlink(oldest);
    const next = this.#nextInChain[oldest] ?? 0;
    const chain = this.#chainOf(this.#keys, oldest * PREFIX_WORDS);
    let before = this.#chains[chain] ?? 0;
    if (before === oldest) {
      this.#chains[chain] = next;
    } else {
      while (this.#nextInChain[before] !== oldest) before = this.#nextInChain[before] ?? 0;
      this.#nextInChain[before] = next;
    }
    return oldest;
  }

  #chainOf(words: Uint32Array, at: number): number {
    return (words[at] ?? 0) & (this.#chains.length - 1);
  }

  #unlink(slot: number): void {
    const [newer, older] = [this.#newer[slot] ?? 0, this.#older[slot] ?? 0];
    this.#newer[older] = newer;
    this.#older[newer] = older;
  }
}
