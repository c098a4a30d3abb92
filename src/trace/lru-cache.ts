/**
 * A prefix cache of so many blocks that forgets those unused for longest. A request hits the leading blocks that are
 * held, then all its blocks are. Of one request's blocks the last is forgotten first, since nothing finds it
 * without those in front of it.
 */
export class LruCache {
  readonly #capacity: number;
  readonly #slots = new Map<number, number>();
  /** The block of each slot; slot 0 is the head of a ring in the order of last use, the oldest behind it. */
  readonly #blocks: Float64Array;
  readonly #newer: Uint32Array;
  readonly #older: Uint32Array;

  /** @param capacity blocks, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#blocks = new Float64Array(capacity + 1);
    this.#newer = new Uint32Array(capacity + 1);
    this.#older = new Uint32Array(capacity + 1);
  }

  /** @param prefixes the request's blocks, each told by all that stands in front of it. @returns blocks that hit. */
  request(prefixes: readonly number[]): number {
    const missing = prefixes.findIndex((prefix) => !this.#slots.has(prefix));
    for (const prefix of prefixes.toReversed()) this.#use(prefix);
    return missing === -1 ? prefixes.length : missing;
  }

  #use(block: number): void {
    const slot = this.#slots.get(block) ?? this.#freeSlot();
    if (this.#slots.has(block)) this.#unlink(slot);
    this.#slots.set(block, slot);
    this.#blocks[slot] = block;
    const newest = this.#older[0] ?? 0;
    this.#older[slot] = newest;
    this.#newer[slot] = 0;
    this.#newer[newest] = slot;
    this.#older[0] = slot;
  }

  /** A slot that holds nothing, the oldest one's where all are taken. */
  #freeSlot(): number {
    if (this.#slots.size < this.#capacity) return this.#slots.size + 1;
    const oldest = this.#newer[0] ?? 0;
    this.#unlink(oldest);
    this.#slots.delete(this.#blocks[oldest] ?? 0);
    return oldest;
  }

  #unlink(slot: number): void {
    const [newer, older] = [this.#newer[slot] ?? 0, this.#older[slot] ?? 0];
    this.#newer[older] = newer;
    this.#older[newer] = older;
  }
}
