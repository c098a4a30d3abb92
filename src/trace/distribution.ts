/** Values with counts, in ascending order. */
export class Distribution {
  readonly count: number;
  readonly #values: Float64Array;
  /** Of each value: the number of values up to it, itself included. */
  readonly #ends: Float64Array;

  /** @param counts by value; at least one. */
  constructor(counts: ReadonlyMap<number, number>) {
    this.#values = Float64Array.from(counts.keys()).sort();
    let end = 0;
    this.#ends = this.#values.map((value) => {
      end += counts.get(value) ?? 0;
      return end;
    });
    this.count = end;
  }

  /** The value at the rank `p · (count - 1)`, linearly interpolated: NumPy's default. @param p from 0 to 1. */
  quantile(p: number): number {
    const rank = p * (this.count - 1);
    const whole = Math.floor(rank);
    const value = this.#atRank(whole);
    return rank === whole ? value : value + (this.#atRank(whole + 1) - value) * (rank - whole);
  }

  /** The sum of a function of every value. */
  sum(of: (value: number) => number): number {
    let before = 0;
    let total = 0;
    for (let i = 0; i < this.#values.length; i++) {
      const end = this.#ends[i] ?? 0;
      total += of(this.#values[i] ?? 0) * (end - before);
      before = end;
    }
    return total;
  }

  /** The share of values below this one, and up to it. */
  shares(value: number): { readonly below: number; readonly upTo: number } {
    const place = firstAbove(this.#values, value);
    const isHeld = this.#values[place - 1] === value;
    const upTo = (this.#ends[place - 1] ?? 0) / this.count;
    return { below: isHeld ? (this.#ends[place - 2] ?? 0) / this.count : upTo, upTo };
  }

  /** The distinct values in ascending order, each with the share of values below it and up to it. */
  *steps(): Generator<{ readonly value: number; readonly below: number; readonly upTo: number }> {
    for (let i = 0; i < this.#values.length; i++) {
      yield {
        value: this.#values[i] ?? 0,
        below: (this.#ends[i - 1] ?? 0) / this.count,
        upTo: (this.#ends[i] ?? 0) / this.count,
      };
    }
  }

  #atRank(rank: number): number {
    return this.#values[Math.min(firstAbove(this.#ends, rank), this.#values.length - 1)] ?? 0;
  }
}

/** Index of the first value above `bound` in an ascending list. */
function firstAbove(values: Float64Array, bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
