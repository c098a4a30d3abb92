/** A set of numbers from 0, one bit for each that could be in it; for more than 2^32, too. */
export class Bits {
  readonly #bytes: Uint8Array;
  #size = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
  }

  /** How many numbers are in the set. */
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
