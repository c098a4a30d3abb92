/** Session IDs of a file so far, by a 64-bit hash each: 16 to 32 bytes of memory per ID. */
export class SessionIdsSeen {
  /** Two words per slot, both 0 if it is free; the number of slots is a power of two, at least twice the size. */
  #slots = new Uint32Array(2 * 1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    const at = this.#slotOf(...hashOf(id));
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0;
  }

  /** Adds an ID that is not in the set. */
  add(id: string): void {
    this.#put(...hashOf(id));
    this.#size++;
    if (4 * this.#size <= this.#slots.length) return;
    const known = this.#slots;
    this.#slots = new Uint32Array(2 * known.length);
    for (let at = 0; at < known.length; at += 2) {
      const [low = 0, high = 0] = [known[at], known[at + 1]];
      if (low !== 0 || high !== 0) this.#put(low, high);
    }
  }

  #put(low: number, high: number): void {
    const at = this.#slotOf(low, high);
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
  }

  /** Offset of the slot of a hash, or of the free slot for it. */
  #slotOf(low: number, high: number): number {
    const slots = this.#slots;
    for (let at = (2 * low) % slots.length; ; at = (at + 2) % slots.length) {
      if ((slots[at] === low && slots[at + 1] === high) || (slots[at] === 0 && slots[at + 1] === 0))
        return at;
    }
  }
}

/** FNV-1a of the UTF-16 units with two bases, each mixed once more; never 0. */
function hashOf(id: string): [low: number, high: number] {
  let low = 0x811c9dc5;
  let high = 0x2f0b4c47;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b);
  }
  low = Math.imul(low ^ (low >>> 16), 0x7feb352d);
  high = Math.imul(high ^ (high >>> 15), 0xc2b2ae35);
  return [(low ^ (low >>> 15)) >>> 0 || 1, (high ^ (high >>> 16)) >>> 0];
}
