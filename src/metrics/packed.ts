/** Numbers that no longer change, each exact, in as few bytes as their kind allows: plain data that threads can send. */
export interface PackedNumbers {
  readonly count: number;
  /** The smallest; every number, where all are equal. */
  readonly from: number;
  /** Of each number its distance from `from`; undefined: all are equal. */
  readonly codes:
    | Uint8Array<ArrayBuffer>
    | Uint16Array<ArrayBuffer>
    | Uint32Array<ArrayBuffer>
    | Float64Array<ArrayBuffer>
    | undefined;
  /** The code of a missing number. */
  readonly absent: number;
}

/**
 * Packs numbers: equal ones into one, whole ones into their distances from the smallest, of one, two or four bytes.
 * @param values is not kept; NaN: there is none.
 */
export function pack(values: Float64Array<ArrayBuffer>): PackedNumbers {
  const { min, max, present, whole } = kindOf(values);
  const count = values.length;
  if (present === 0) return { count, from: Number.NaN, codes: undefined, absent: Number.NaN };
  if (min === max && present === count) return { count, from: min, codes: undefined, absent: Number.NaN };
  const Codes = whole ? codesFor(max - min) : undefined;
  // Adding -0 changes no number.
  if (Codes === undefined) return { count, from: -0, codes: values.slice(), absent: Number.NaN };
  const codes = new Codes(count);
  // The highest code is NaN.
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? Number.NaN;
    codes[i] = Number.isNaN(value) ? -1 : value - min;
  }
  return { count, from: min, codes, absent: 256 ** codes.BYTES_PER_ELEMENT - 1 };
}

/** The number at a place; NaN where there is none. */
export function packedAt({ count, from, codes, absent }: PackedNumbers, place: number): number {
  if (codes === undefined) return place < count ? from : Number.NaN;
  const code = codes[place];
  return code === undefined || code === absent ? Number.NaN : from + code;
}

/** Writes the numbers that are present, in their order, from `target[start]` on. @returns the place behind the last. */
export function copyPresent(
  { count, from, codes, absent }: PackedNumbers,
  target: Float64Array | Uint32Array,
  start: number,
): number {
  if (codes === undefined) {
    if (Number.isNaN(from)) return start;
    target.fill(from, start, start + count);
    return start + count;
  }
  let at = start;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? Number.NaN;
    if (code !== absent && !Number.isNaN(code)) target[at++] = from + code;
  }
  return at;
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
