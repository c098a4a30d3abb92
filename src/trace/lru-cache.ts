/**
 * A prefix cache of so many blocks that forgets those unused for longest. A request hits the leading blocks that are
 * held, then all its blocks are. Of one request's blocks the last is forgotten first, since nothing finds it
 * without those in front of it.
 */
export class LruCache {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #held = new Set<number>();

  /** @param capacity blocks, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @param prefixes the request's blocks, each told by all that stands in front of it. @returns blocks that hit. */
  request(prefixes: readonly number[]): number {
    const missing = prefixes.findIndex((prefix) => !this.#held.has(prefix));
    for (const prefix of prefixes.toReversed()) {
      this.#held.delete(prefix);
      this.#held.add(prefix);
    }
    for (const prefix of this.#held) {
      if (this.#held.size <= this.#capacity) break;
      this.#held.delete(prefix);
    }
    return missing === -1 ? prefixes.length : missing;
  }
}
