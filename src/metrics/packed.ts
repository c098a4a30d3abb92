/** Numbers that no longer change, each exactly as it was, in as few bytes as their kind allows; NaN: there is none. */
export interface PackedNumbers {
  /** NaN outside of the packed places. */
  at(place: number): number;
  /** Writes those that there are, in their order, from `target[at]` on. @returns the place behind the last. */
  copyPresent(target: Float64Array | Uint32Array, at: number): number;
}

/**
 * Packs numbers: equal ones into one, whole ones into their distances from the smallest, of one, two or four bytes.
 * @param values is not kept.
 */
export function pack(values: Float64Array): PackedNumbers {
  const { min, max, present, whole } = kindOf(values);
  if (present === 0) return new Repeated(Number.NaN, 0);
  if (min === max && present === values.length) return new Repeated(min, values.length);
  const Codes = whole ? codesFor(max - min) : undefined;
  if (Codes === undefined) return new Plain(values.slice());
  const codes = new Codes(values.length);
  // The highest code stands for NaN.
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    codes[i] = Number.isNaN(value) ? -1 : value - min;
  }
  return new Distances(min, codes, 256 ** codes.BYTES_PER_ELEMENT - 1);
}

function kindOf(values: Float64Array) {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let present = 0;
  let whole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    present++;
    if (value < min) min = value;
    if (value > max) max = value;
    // Distances between safe integers are exact.
    if (!Number.isSafeInteger(value)) whole = false;
  }
  return { min, max, present, whole };
}

function codesFor(range: number) {
  if (range <= 0xfe) return Uint8Array;
  if (range <= 0xfffe) return Uint16Array;
  return range <= 0xfffffffe ? Uint32Array : undefined;
}

class Repeated implements PackedNumbers {
  readonly #value: number;
  readonly #count: number;

  constructor(value: number, count: number) {
    this.#value = value;
    this.#count = count;
  }

  at(): number {
    return this.#value;
  }

  copyPresent(target: Float64Array | Uint32Array, at: number): number {
    target.fill(this.#value, at, at + this.#count);
    return at + this.#count;
  }
}

class Distances implements PackedNumbers {
  readonly #from: number;
  readonly #codes: Uint8Array | Uint16Array | Uint32Array;
  readonly #absent: number;

  constructor(from: number, codes: Uint8Array | Uint16Array | Uint32Array, absent: number) {
    this.#from = from;
    this.#codes = codes;
    this.#absent = absent;
  }

  at(place: number): number {
    const code = this.#codes[place];
    return code === undefined || code === this.#absent ? Number.NaN : this.#from + code;
  }

  copyPresent(target: Float64Array | Uint32Array, from: number): number {
    let at = from;
    for (let i = 0; i < this.#codes.length; i++) {
      const code = this.#codes[i] ?? 0;
      if (code !== this.#absent) target[at++] = this.#from + code;
    }
    return at;
  }
}

class Plain implements PackedNumbers {
  readonly #values: Float64Array;

  constructor(values: Float64Array) {
    this.#values = values;
  }

  at(place: number): number {
    return this.#values[place] ?? Number.NaN;
  }

  copyPresent(target: Float64Array | Uint32Array, from: number): number {
    let at = from;
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i] ?? Number.NaN;
      if (!Number.isNaN(value)) target[at++] = value;
    }
    return at;
  }
}
