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

/** Exact statistics of values of which many are equal, such as lengths: only distinct ones are held. */
export class ValueCounts {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    this.#total++;
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
