const noRank = 0x7fffffff;
const shortWord = 32;

/**
 * The merges of a byte-pair vocabulary. `pairs` holds the left and right ID of each merge by rank, `into` the ID that
 * each produces.
 */
export class MergeTable {
  readonly #pairs: Int32Array;
  readonly #into: Int32Array;
  // Open addressing: rank + 1 of the pair with this hash, 0 if free.
  readonly #slots: Int32Array;
  readonly #shift: number;

  // The word being merged: a linked list of IDs over the positions of its bytes.
  #ids = new Int32Array(0);
  #previous = new Int32Array(0);
  #next = new Int32Array(0);
  // Rank of the merge of the symbol at a position with the next one, or noRank.
  #ranks = new Int32Array(shortWord);
  // A heap of rank * 2^31 + position: lowest rank first, leftmost first among equals.
  #heap = new Float64Array(0);
  #heapSize = 0;

  constructor(pairs: Int32Array, into: Int32Array) {
    this.#pairs = pairs;
    this.#into = into;
    const bits = Math.ceil(Math.log2(into.length + 1)) + 1;
    this.#slots = new Int32Array(2 ** bits);
    this.#shift = 32 - bits;
    for (let rank = 0; rank < into.length; rank++) {
      const slot = this.#slotOf(pairs[2 * rank] ?? -1, pairs[2 * rank + 1] ?? -1);
      this.#slots[slot] = rank + 1;
    }
  }

  /** Merges `word[0..length)`, the IDs of single bytes, in place; returns the number of IDs left. */
  merge(word: Int32Array, length: number): number {
    return length <= shortWord ? this.#mergeShort(word, length) : this.#mergeLong(word, length);
  }

  // Searches for the lowest rank after each merge: quadratic, yet twice as fast as a heap for usual words.
  #mergeShort(word: Int32Array, length: number): number {
    const ranks = this.#ranks;
    for (let at = 0; at + 1 < length; at++) ranks[at] = this.#rankOf(word[at] ?? 0, word[at + 1] ?? 0);
    let count = length;
    for (;;) {
      let best = -1;
      let bestRank = noRank;
      for (let at = 0; at + 1 < count; at++) {
        const rank = ranks[at] ?? noRank;
        if (rank < bestRank) {
          bestRank = rank;
          best = at;
        }
      }
      if (best < 0) return count;
      word[best] = this.#into[bestRank] ?? 0;
      count--;
      for (let at = best + 1; at < count; at++) {
        word[at] = word[at + 1] ?? 0;
        ranks[at] = ranks[at + 1] ?? noRank;
      }
      if (best + 1 < count) ranks[best] = this.#rankOf(word[best] ?? 0, word[best + 1] ?? 0);
      if (best > 0) ranks[best - 1] = this.#rankOf(word[best - 1] ?? 0, word[best] ?? 0);
    }
  }

  #mergeLong(word: Int32Array, length: number): number {
    this.#reserve(length);
    const ids = this.#ids;
    const previous = this.#previous;
    const next = this.#next;
    const ranks = this.#ranks;
    this.#heapSize = 0;
    for (let at = 0; at < length; at++) {
      ids[at] = word[at] ?? 0;
      previous[at] = at - 1;
      next[at] = at + 1;
    }
    for (let at = 0; at + 1 < length; at++) this.#offer(at, at + 1);
    ranks[length - 1] = noRank;

    while (this.#heapSize > 0) {
      const top = this.#pop();
      const rank = Math.floor(top / 2 ** 31);
      const at = top - rank * 2 ** 31;
      // Stale: one of the two symbols was merged with another neighbour since.
      if (ranks[at] !== rank) continue;
      const gone = next[at] ?? length;
      const after = next[gone] ?? length;
      ids[at] = this.#into[rank] ?? 0;
      ranks[gone] = noRank;
      next[at] = after;
      if (after < length) {
        previous[after] = at;
        this.#offer(at, after);
      } else {
        ranks[at] = noRank;
      }
      const before = previous[at] ?? -1;
      if (before >= 0) this.#offer(before, at);
    }

    let count = 0;
    for (let at = 0; at < length; at = next[at] ?? length) word[count++] = ids[at] ?? 0;
    return count;
  }

  #offer(at: number, behind: number): void {
    const rank = this.#rankOf(this.#ids[at] ?? 0, this.#ids[behind] ?? 0);
    this.#ranks[at] = rank;
    if (rank !== noRank) this.#push(rank * 2 ** 31 + at);
  }

  #rankOf(left: number, right: number): number {
    const found = this.#slots[this.#slotOf(left, right)] ?? 0;
    return found === 0 ? noRank : found - 1;
  }

  // The slot of a pair, or the free slot for it.
  #slotOf(left: number, right: number): number {
    const slots = this.#slots;
    const pairs = this.#pairs;
    const mask = slots.length - 1;
    let slot = (Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b)) >>> this.#shift;
    for (;;) {
      const rank = (slots[slot] ?? 0) - 1;
      if (rank < 0 || (pairs[2 * rank] === left && pairs[2 * rank + 1] === right)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #push(value: number): void {
    const heap = this.#heap;
    let at = this.#heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= value) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = value;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0] ?? 0;
    const size = --this.#heapSize;
    const last = heap[size] ?? 0;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child++;
      const below = heap[child] ?? 0;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #reserve(length: number): void {
    if (this.#ids.length >= length) return;
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(length)));
    this.#ids = new Int32Array(size);
    this.#previous = new Int32Array(size);
    this.#next = new Int32Array(size);
    this.#ranks = new Int32Array(size);
    // Each pair of neighbours once, plus two for every merge.
    this.#heap = new Float64Array(3 * size);
  }
}
