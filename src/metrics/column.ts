/** Rows of a table of requests, ascending; undefined: all of them. */
export type Rows = Int32Array | undefined;

/** Numbers of one metric, a place for each request: 8 bytes each, NaN where a request has none. */
export class Column {
  #values = new Float64Array(1024).fill(Number.NaN);
  #length = 0;
  #count = 0;
  #sum = 0;

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** Mean so far, good enough for a live screen; undefined for none. */
  get runningMean(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  get runningSum(): number {
    return this.#sum;
  }

  /** Sets a row that has no value yet; rows may be left out, and come in ascending order. */
  set(row: number, value: number): void {
    if (row >= this.#values.length) this.#values = grown(this.#values, row + 1, Number.NaN);
    this.#values[row] = value;
    this.#length = row + 1;
    this.#count++;
    this.#sum += value;
  }

  at(row: number): number {
    return this.#values[row] ?? Number.NaN;
  }

  /** Copies of the values that there are, in ascending order. */
  sorted(rows: Rows): Float64Array {
    // Sorting puts NaN last.
    if (rows === undefined) return this.#values.slice(0, this.#length).sort().subarray(0, this.#count);
    return rows.length === 0 ? new Float64Array() : this.#of(rows).sort();
  }

  /** Undefined where no row has a value. */
  total(rows: Rows): number | undefined {
    if (rows === undefined) return this.#count === 0 ? undefined : this.#sum;
    const values = this.#of(rows);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  }

  #of(rows: Int32Array): Float64Array {
    const values = new Float64Array(rows.length);
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = this.at(rows[i] ?? 0);
      if (!Number.isNaN(value)) values[count++] = value;
    }
    return values.subarray(0, count);
  }
}

/** Several numbers for each request. */
export class ListColumn {
  #values = new Float64Array(1024);
  #count = 0;
  /** Of each row, the place behind its last value; rows without values end where the one before does. */
  #ends = new Float64Array(1024);
  #length = 0;

  /** Sets a row that has no values yet; rows may be left out, and come in ascending order. */
  set(row: number, values: Float64Array): void {
    const count = this.#count + values.length;
    if (count > this.#values.length) this.#values = grown(this.#values, count, 0);
    if (row >= this.#ends.length) this.#ends = grown(this.#ends, row + 1, 0);
    this.#values.set(values, this.#count);
    this.#ends.fill(this.#count, this.#length, row);
    this.#ends[row] = count;
    this.#length = row + 1;
    this.#count = count;
  }

  /** Copies of the values of all these rows, in ascending order. */
  sorted(rows: Rows): Float64Array {
    if (rows === undefined) return this.#values.slice(0, this.#count).sort();
    const lists = Array.from(rows, (row) => this.at(row));
    const values = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of lists) {
      values.set(list, at);
      at += list.length;
    }
    return values.sort();
  }

  /** Empty for a row without values. */
  at(row: number): Float64Array {
    if (row >= this.#length) return new Float64Array();
    return this.#values.subarray(this.#ends[row - 1] ?? 0, this.#ends[row]);
  }
}

function grown(values: Float64Array<ArrayBuffer>, least: number, rest: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(Math.max(least, values.length * 2));
  result.set(values);
  if (rest !== 0) result.fill(rest, values.length);
  return result;
}
