/** The different values of a column chunk, numbered in the order in which they came. */
export interface ParquetDictionary<Value> {
  /** In the order of their numbers. */
  readonly values: ArrayLike<Value> & Iterable<Value>;
  numberOf(value: Value): number;
  clear(): void;
}

/** Of texts and whole numbers. */
export class MapDictionary<Value extends string | bigint> implements ParquetDictionary<Value> {
  readonly #numbers = new Map<Value, number>();

  get values(): readonly Value[] {
    return [...this.#numbers.keys()];
  }

  numberOf(value: Value): number {
    const { size } = this.#numbers;
    const known = this.#numbers.get(value);
    if (known === undefined) this.#numbers.set(value, size);
    return known ?? size;
  }

  clear(): void {
    this.#numbers.clear();
  }
}

const LEAST_SLOTS = 1 << 10;
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Of doubles, of which a chunk may have as many as rows: a hash table without objects. */
export class DoubleDictionary implements ParquetDictionary<number> {
  #values = new Float64Array(LEAST_SLOTS / 2);
  #count = 0;
  /** By hash: 1 + the number of a value; 0: none. */
  #slots = new Int32Array(LEAST_SLOTS);

  get values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }

  numberOf(value: number): number {
    const slot = this.#slotOf(value);
    const known = (this.#slots[slot] as number) - 1;
    if (known >= 0) return known;
    const number = this.#count++;
    this.#values[number] = value;
    this.#slots[slot] = number + 1;
    if (this.#count === this.#values.length) this.#grow();
    return number;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }

  /** Where a value is, or would be. */
  #slotOf(value: number): number {
    const mask = this.#slots.length - 1;
    double[0] = value;
    const hash = Math.imul((words[0] as number) ^ Math.imul(words[1] as number, 0x9e3779b1), 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0 || this.#values[number] === value) return slot;
    }
  }

  #grow(): void {
    const values = this.#values;
    this.#values = new Float64Array(2 * values.length);
    this.#values.set(values);
    this.#slots = new Int32Array(4 * values.length);
    for (const [number, value] of values.entries()) this.#slots[this.#slotOf(value)] = number + 1;
  }
}
