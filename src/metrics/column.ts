import { copyPresent, type PackedNumbers, pack, packedAt } from './packed.js';

/** Rows of a table of requests, ascending; undefined: all of them. */
export type Rows = Int32Array | undefined;

/** Numbers in ascending order. */
export type Sorted = Float64Array | Uint32Array;

/** Values that are packed together. */
const CHUNK = 16_384;
const FIRST_LENGTH = 256;

/** Memory that columns sort in, used again and again: it holds what was sorted last. */
export class SortBuffer {
  #memory = new ArrayBuffer(0);

  doubles(length: number): Float64Array {
    return new Float64Array(this.#atLeast(8 * length), 0, length);
  }

  integers(length: number): Uint32Array {
    return new Uint32Array(this.#atLeast(4 * length), 0, length);
  }

  #atLeast(bytes: number): ArrayBuffer {
    if (this.#memory.byteLength < bytes) this.#memory = new ArrayBuffer(bytes);
    return this.#memory;
  }
}

/** A column as plain data that another thread can take over. */
export interface ColumnData {
  readonly packed: readonly PackedNumbers[];
  /** The newest chunk. */
  readonly open: Float64Array<ArrayBuffer>;
  readonly length: number;
  readonly count: number;
  readonly sum: number;
  readonly fitsUint32: boolean;
}

/** The memory of a column, to be moved to another thread. */
export function buffersOf({ packed, open }: ColumnData): ArrayBuffer[] {
  return [open.buffer, ...packed.flatMap(({ codes }) => codes?.buffer ?? [])];
}

/** Numbers of one metric, a place for each request, NaN where a request has none; exact, and mostly 1 to 4 bytes each. */
export class Column {
  readonly #packed: PackedNumbers[];
  #open: Float64Array<ArrayBuffer>;
  #length: number;
  #count: number;
  #sum: number;
  #fitsUint32: boolean;

  /** @param data of a column in another thread; it is not copied. */
  constructor(data: ColumnData = emptyColumn()) {
    this.#packed = [...data.packed];
    this.#open = data.open;
    this.#length = data.length;
    this.#count = data.count;
    this.#sum = data.sum;
    this.#fitsUint32 = data.fitsUint32;
  }

  /** The column's own memory, not a copy. */
  get data(): ColumnData {
    return {
      packed: this.#packed,
      open: this.#open,
      length: this.#length,
      count: this.#count,
      sum: this.#sum,
      fitsUint32: this.#fitsUint32,
    };
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** Sets a row that has no value yet; rows may be left out, and come in ascending order. */
  set(row: number, value: number): void {
    while (row >= (this.#packed.length + 1) * CHUNK) this.#close();
    const place = row - this.#packed.length * CHUNK;
    if (place >= this.#open.length) this.#open = grown(this.#open, place + 1);
    this.#open[place] = value;
    this.#length = row + 1;
    this.#count++;
    this.#sum += value;
    if (value >>> 0 !== value) this.#fitsUint32 = false;
  }

  at(row: number): number {
    const chunk = Math.floor(row / CHUNK);
    const place = row - chunk * CHUNK;
    if (chunk === this.#packed.length) return this.#open[place] ?? Number.NaN;
    const packed = this.#packed[chunk];
    return packed === undefined ? Number.NaN : packedAt(packed, place);
  }

  /** Those of the values that there are, in ascending order. */
  sorted(rows: Rows, buffer: SortBuffer): Sorted {
    const length = rows === undefined ? this.#count : rows.length;
    const values = this.#fitsUint32 ? buffer.integers(length) : buffer.doubles(length);
    const found = values.subarray(0, rows === undefined ? this.#copyAll(values) : this.#copy(rows, values));
    return isAscending(found) ? found : found.sort();
  }

  /** Undefined where no row has a value. */
  total(rows: Rows): number | undefined {
    if (rows === undefined) return this.#count === 0 ? undefined : this.#sum;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = this.at(rows[i] ?? 0);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? undefined : sum;
  }

  #close(): void {
    if (this.#open.length < CHUNK) this.#open = grown(this.#open, CHUNK);
    this.#packed.push(pack(this.#open));
    this.#open.fill(Number.NaN);
  }

  #copyAll(values: Sorted): number {
    let at = 0;
    for (const chunk of this.#packed) at = copyPresent(chunk, values, at);
    const rest = this.#length - this.#packed.length * CHUNK;
    for (let i = 0; i < rest; i++) {
      const value = this.#open[i] ?? Number.NaN;
      if (!Number.isNaN(value)) values[at++] = value;
    }
    return at;
  }

  #copy(rows: Int32Array, values: Sorted): number {
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = this.at(rows[i] ?? 0);
      if (!Number.isNaN(value)) values[count++] = value;
    }
    return count;
  }
}

/** A list column as plain data that another thread can take over. */
export interface ListColumnData {
  /** Those of all rows, one after the other. */
  readonly values: ColumnData;
  /** Of each row, the place of its first value, and how many it has. */
  readonly starts: ColumnData;
  readonly lengths: ColumnData;
}

/** Several numbers for each request. */
export class ListColumn {
  readonly #values: Column;
  readonly #starts: Column;
  readonly #lengths: Column;

  /** @param data of a column in another thread; it is not copied. */
  constructor(data?: ListColumnData) {
    this.#values = new Column(data?.values);
    this.#starts = new Column(data?.starts);
    this.#lengths = new Column(data?.lengths);
  }

  /** The column's own memory, not a copy. */
  get data(): ListColumnData {
    return { values: this.#values.data, starts: this.#starts.data, lengths: this.#lengths.data };
  }

  /** Number of values of all rows. */
  get count(): number {
    return this.#values.count;
  }

  /** Sets a row that has no values yet; rows may be left out, and come in ascending order. */
  set(row: number, values: Float64Array): void {
    this.#starts.set(row, this.#values.count);
    this.#lengths.set(row, values.length);
    for (let i = 0; i < values.length; i++) this.#values.set(this.#values.count, values[i] ?? 0);
  }

  /** Empty for a row without values. */
  at(row: number): Float64Array {
    const start = this.#starts.at(row);
    const values = new Float64Array(this.#lengths.at(row) || 0);
    for (let i = 0; i < values.length; i++) values[i] = this.#values.at(start + i);
    return values;
  }

  /** The values of all these rows, in ascending order. */
  sorted(rows: Rows, buffer: SortBuffer): Sorted {
    if (rows === undefined) return this.#values.sorted(undefined, buffer);
    let count = 0;
    for (let i = 0; i < rows.length; i++) count += this.#lengths.at(rows[i] ?? 0) || 0;
    const places = new Int32Array(count);
    let at = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      const start = this.#starts.at(row);
      const length = this.#lengths.at(row) || 0;
      for (let n = 0; n < length; n++) places[at++] = start + n;
    }
    return this.#values.sorted(places, buffer);
  }
}

function emptyColumn(): ColumnData {
  const open = new Float64Array(FIRST_LENGTH).fill(Number.NaN);
  return { packed: [], open, length: 0, count: 0, sum: 0, fitsUint32: true };
}

function isAscending(values: Sorted): boolean {
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? 0) < (values[i - 1] ?? 0)) return false;
  }
  return true;
}

function grown(values: Float64Array<ArrayBuffer>, least: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(Math.min(CHUNK, Math.max(least, values.length * 2)));
  result.set(values);
  return result.fill(Number.NaN, values.length);
}
