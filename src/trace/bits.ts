/** A bit set of non-negative numbers, also for more than 2^32 of them. */
export class Bits {
  readonly #bytes: Uint8Array;
  #size = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
  }

  /** Number of elements. */
  get size(): number {
    return this.#size;
  }

  has(number: number): boolean {
    return ((this.#bytes[Math.floor(number / 8)] ?? 0) & (1 << (number % 8))) !== 0;
  }

  /** @returns whether the number was not in the set before. */
  add(number: number): boolean {
    if (this.has(number)) return false;
    const byte = Math.floor(number / 8);
    this.#bytes[byte] = (this.#bytes[byte] ?? 0) | (1 << (number % 8));
    this.#size++;
    return true;
  }
}
