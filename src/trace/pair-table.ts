import { mix } from '../util/random.js';

/**
 * Numbers pairs of whole numbers in the order of their first appearance, and counts them. A `Map` ends at 16.7
 * million entries and takes some 100 bytes for each; this takes 25 to 50 and ends with the memory.
 */
export class PairTable {
  #size = 0;
  #firsts = new Uint32Array(1024);
  #seconds = new Float64Array(1024);
  #counts = new Uint32Array(1024);
  /** By hash: the pair's number + 1; 0: free. A power of two, at least twice as long as the others. */
  #slots = new Uint32Array(2048);

  get size(): number {
    return this.#size;
  }

  /** Counts the pair once more. @param first below 2^32. @returns its number. */
  add(first: number, second: number): number {
    const slot = this.#slotOf(first, second);
    const known = (this.#slots[slot] ?? 0) - 1;
    const index = known === -1 ? this.#append(first, second, slot) : known;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    return index;
  }

  /** The pair's number; undefined where it was never added. */
  find(first: number, second: number): number | undefined {
    const index = (this.#slots[this.#slotOf(first, second)] ?? 0) - 1;
    return index === -1 ? undefined : index;
  }

  /** How often the pair of this number was added. */
  count(index: number): number {
    return this.#counts[index] ?? 0;
  }

  /** The first half of the pair of this number. */
  first(index: number): number {
    return this.#firsts[index] ?? 0;
  }

  #append(first: number, second: number, slot: number): number {
    const index = this.#size++;
    this.#firsts[index] = first;
    this.#seconds[index] = second;
    this.#slots[slot] = index + 1;
    if (this.#size === this.#firsts.length) this.#grow();
    return index;
  }

  /** Where the pair stands, or would stand. */
  #slotOf(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = mix(first, second) & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index === -1) return slot;
      if (this.#firsts[index] === first && this.#seconds[index] === second) return slot;
    }
  }

  #grow(): void {
    const length = 2 * this.#size;
    this.#firsts = longer(this.#firsts, new Uint32Array(length));
    this.#seconds = longer(this.#seconds, new Float64Array(length));
    this.#counts = longer(this.#counts, new Uint32Array(length));
    this.#slots = new Uint32Array(2 * length);
    for (let index = 0; index < this.#size; index++) {
      this.#slots[this.#slotOf(this.#firsts[index] ?? 0, this.#seconds[index] ?? 0)] = index + 1;
    }
  }
}

function longer<A extends Uint32Array | Float64Array>(old: A, fresh: A): A {
  fresh.set(old);
  return fresh;
}
