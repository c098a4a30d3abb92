import { Distribution } from './distribution.js';

/** Statistics in the unit of the values; `std` is the population's, percentiles are interpolated. */
export interface ValueStatistics {
  readonly count: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly p5: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Distinct values per quantity that are kept exactly; lengths have fewer, gaps in fractions of a ms may have more. */
const MOST_VALUES = 2 ** 18;
/** Bits of a double's mantissa. */
const ALL_BITS = 53;

/**
 * Statistics of values with many duplicates, such as lengths: only distinct values are kept. Exact up to `mostValues`;
 * beyond that all are rounded to as many binary digits as keep at most half of them: 14 for values within a factor of
 * 1,000, i.e. to 1 part in 16,000.
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
      // Keep integers up to 2^24 exact for as long as possible.
      this.#bits = Math.min(this.#bits - 1, 24);
      const coarser = new Map<number, number>();
      for (const [value, count] of this.#counts) {
        const rounded = roundedTo(this.#bits, value);
        coarser.set(rounded, (coarser.get(rounded) ?? 0) + count);
      }
      this.#counts = coarser;
    }
  }

  /** Fraction of values above `bound`; 0 without values. */
  shareAbove(bound: number): number {
    let above = 0;
    for (const [value, count] of this.#counts) if (value > bound) above += count;
    return this.#total === 0 ? 0 : above / this.#total;
  }

  /** Undefined without values. */
  distribution(): Distribution | undefined {
    return this.#total === 0 ? undefined : new Distribution(this.#counts);
  }

  /** The share of values below this one, and up to it, with this one rounded as the others. */
  shares(of: Distribution, value: number): { readonly below: number; readonly upTo: number } {
    return of.shares(this.#bits === ALL_BITS ? value : roundedTo(this.#bits, value));
  }

  /** Undefined without values. */
  statistics(): ValueStatistics | undefined {
    const distribution = this.distribution();
    if (distribution === undefined) return undefined;
    const { count } = distribution;
    const mean = distribution.sum((value) => value) / count;
    const at = (percent: number) => distribution.quantile(percent / 100);
    return {
      count,
      mean,
      std: Math.sqrt(distribution.sum((value) => (value - mean) ** 2) / count),
      min: distribution.quantile(0),
      p5: at(5),
      p25: at(25),
      median: at(50),
      p75: at(75),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      max: distribution.quantile(1),
    };
  }
}

/** Rounds to this many binary digits, by Veltkamp splitting. */
function roundedTo(bits: number, value: number): number {
  const scaled = value * (2 ** (ALL_BITS - bits) + 1);
  return scaled - (scaled - value);
}
