/** Statistics of the values, in their own unit; `std` is that of the population, percentiles are interpolated. */
export interface ValueStatistics {
  readonly count: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Distinct values that are held exactly, of one quantity; lengths have fewer, gaps in fractions of a ms may not. */
const MOST_VALUES = 2 ** 18;
/** Bits of a number's mantissa. */
const ALL_BITS = 53;

/**
 * Statistics of values of which many are equal, such as lengths: only distinct ones are held. They are exact until
 * there are more than `mostValues`; then all are rounded to as many binary digits as leave at most half of them, 14
 * for values within a factor of 1,000: to 1 part in 16,000.
 */
export class ValueCounts {
  readonly #mostValues: number;
  #counts = new Map<number, number>();
  #bits = ALL_BITS;
  #total = 0;

  constructor(mostValues = MOST_VALUES) {
    this.#mostValues = mostValues;
  }

  add(value: number): void {
    const rounded = this.#bits === ALL_BITS ? value : roundedTo(this.#bits, value);
    this.#counts.set(rounded, (this.#counts.get(rounded) ?? 0) + 1);
    this.#total++;
    if (this.#counts.size > this.#mostValues) this.#coarsen();
  }

  #coarsen(): void {
    while (this.#counts.size > this.#mostValues / 2) {
      // Up to 2^24 whole numbers stay as they are for as long as that is of use.
      this.#bits = Math.min(this.#bits - 1, 24);
      const coarser = new Map<number, number>();
      for (const [value, count] of this.#counts) {
        const rounded = roundedTo(this.#bits, value);
        coarser.set(rounded, (coarser.get(rounded) ?? 0) + count);
      }
      this.#counts = coarser;
    }
  }

  /** Share of the values above `bound`; 0 without values. */
  shareAbove(bound: number): number {
    let above = 0;
    for (const [value, count] of this.#counts) if (value > bound) above += count;
    return this.#total === 0 ? 0 : above / this.#total;
  }

  /** Undefined without values. */
  statistics(): ValueStatistics | undefined {
    const count = this.#total;
    if (count === 0) return undefined;
    const values = Float64Array.from(this.#counts.keys()).sort();
    const counts = Float64Array.from(values, (value) => this.#counts.get(value) ?? 0);
    const sum = (of: (value: number) => number) =>
      values.reduce((total, value, i) => total + of(value) * (counts[i] ?? 0), 0);
    const mean = sum((value) => value) / count;
    const at = (percent: number) => percentileOf(values, counts, (percent / 100) * (count - 1));
    return {
      count,
      mean,
      std: Math.sqrt(sum((value) => (value - mean) ** 2) / count),
      min: values[0] ?? 0,
      p25: at(25),
      median: at(50),
      p75: at(75),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      max: values.at(-1) ?? 0,
    };
  }
}

/** The value at a rank from 0, between two of them by linear interpolation. */
function percentileOf(values: Float64Array, counts: Float64Array, rank: number): number {
  let before = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    before += counts[i] ?? 0;
    if (rank <= before - 1) return value;
    // The rank lies behind the last of these and before the first of the next.
    if (rank < before) return value + ((values[i + 1] ?? value) - value) * (rank - (before - 1));
  }
  return values.at(-1) ?? 0;
}

/** The nearest number of so many binary digits, by Veltkamp's splitting. */
function roundedTo(bits: number, value: number): number {
  const scaled = value * (2 ** (ALL_BITS - bits) + 1);
  return scaled - (scaled - value);
}
