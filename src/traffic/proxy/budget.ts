/**
 * Bytes of bodies in memory, shared by the thread that keeps them and the one that reads them: neither sends the other a
 * message about it.
 */
export class Budget {
  readonly #limit: number;
  #taken = 0;
  /** Bytes that the other thread has given back, modulo 2^32. */
  readonly #returned: Int32Array;
  #seen = 0;

  /** @param limit at most 2^31 - 1. @param returned shared memory of one number. */
  constructor(limit: number, returned: Int32Array) {
    this.#limit = limit;
    this.#returned = returned;
  }

  /** @returns false if there is no room, and nothing is taken. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit) this.#collect();
    if (this.#taken + bytes > this.#limit) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }

  #collect(): void {
    const returned = Atomics.load(this.#returned, 0);
    this.#taken -= (returned - this.#seen) >>> 0;
    this.#seen = returned;
  }
}

/** In the other thread: gives bytes back. */
export function returnBytes(returned: Int32Array, bytes: number): void {
  Atomics.add(returned, 0, bytes | 0);
}
