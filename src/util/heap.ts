/** A binary heap: removes items in order, each in logarithmic time. */
export class Heap<Item> {
  /** No item is before its parent, which is at half its index. */
  readonly #items: Item[];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  /** @param items of a heap with the same order; not copied. */
  constructor(isBefore: (a: Item, b: Item) => boolean, items: Item[] = []) {
    this.#isBefore = isBefore;
    this.#items = items;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  /** A heap with copies of the items. */
  copy(copyOf: (item: Item) => Item): Heap<Item> {
    return new Heap(this.#isBefore, this.#items.map(copyOf));
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.sinkFirst();
  }

  /** Restores the order after a change that moves the first item back. */
  sinkFirst(): void {
    const items = this.#items;
    const item = items[0];
    if (item === undefined) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = items[below];
      if (child === undefined) break;
      const right = items[below + 1];
      if (right !== undefined && this.#isBefore(right, child)) {
        child = right;
        below++;
      }
      if (!this.#isBefore(child, item)) break;
      items[at] = child;
      at = below;
    }
    items[at] = item;
  }

  clear(): void {
    this.#items.length = 0;
  }
}
