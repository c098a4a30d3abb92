/** Items by time, the earliest first, those at the same time in their order: a binary heap. */
export class TimeQueue<Item> {
  readonly #heap: { readonly ms: number; readonly order: number; readonly item: Item }[] = [];
  #added = 0;

  /** The time of the first item; undefined without items. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.ms;
  }

  add(ms: number, item: Item): void {
    const heap = this.#heap;
    heap.push({ ms, order: this.#added++, item });
    let at = heap.length - 1;
    while (at > 0 && this.#isBefore(at, (at - 1) >> 1)) {
      this.#swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  /** Removes and returns the first item. */
  take(): Item | undefined {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const first = heap.pop();
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return first?.item;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.ms < other.ms || (one.ms === other.ms && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
