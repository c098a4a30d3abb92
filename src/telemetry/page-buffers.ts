/**
 * Memory for the pages of one source. The reader compares each page with the one before, so two buffers are used in
 * turn: a new one for each page would start V8's collector several times a second.
 */
export class PageBuffers {
  #filling = Buffer.alloc(0);
  #kept = Buffer.alloc(0);
  /** Length of the page so far. */
  bytes = 0;

  /** Begins a page, and forgets one that was not kept. */
  begin(): void {
    this.bytes = 0;
  }

  /** Adds `bytes[start, end)` to the page. */
  append(bytes: Buffer, start: number, end: number): void {
    const length = this.bytes + end - start;
    if (length > this.#filling.length) this.#grow(length);
    bytes.copy(this.#filling, this.bytes, start, end);
    this.bytes = length;
  }

  /** The page, until the next one begins. */
  get page(): Buffer {
    return this.#filling.subarray(0, this.bytes);
  }

  /** Keeps the page until the next one is kept. */
  keep(): void {
    [this.#filling, this.#kept] = [this.#kept, this.#filling];
  }

  /** Frees the memory. */
  clear(): void {
    this.#filling = this.#kept = Buffer.alloc(0);
    this.bytes = 0;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(1 << 16, 2 * this.#filling.length, bytes));
    larger.set(this.page);
    this.#filling = larger;
  }
}
