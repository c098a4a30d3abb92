const FIRST_BYTES = 4096;
const LARGEST_BYTES = 256 * 1024;

/** Copies pieces into buffers of its own, which can be transferred to another thread. */
export class Slabs {
  #full: Uint8Array<ArrayBuffer>[] = [];
  #last: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      if (this.#last === undefined || this.#used === this.#last.length) this.#grow();
      const room = (this.#last?.length ?? 0) - this.#used;
      const to = Math.min(end, at + room);
      this.#last?.set(bytes.subarray(at, to), this.#used);
      this.#used += to - at;
      at = to;
    }
    this.#length += end - start;
  }

  /** All bytes in order; the slabs are empty then. */
  take(): Uint8Array<ArrayBuffer>[] {
    const all = this.#last === undefined ? this.#full : [...this.#full, this.#last.subarray(0, this.#used)];
    this.clear();
    return all;
  }

  clear(): void {
    this.#full = [];
    this.#last = undefined;
    this.#used = 0;
    this.#length = 0;
  }

  #grow(): void {
    const size = this.#last === undefined ? FIRST_BYTES : Math.min(LARGEST_BYTES, 2 * this.#last.length);
    if (this.#last !== undefined) this.#full.push(this.#last);
    this.#last = new Uint8Array(size);
    this.#used = 0;
  }
}
