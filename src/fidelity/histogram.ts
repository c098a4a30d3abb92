import type { Spread } from './thread-report.js';

// So many buckets to each doubling: a quantile is at most 4.4 % too large.
const PER_DOUBLING = 16;
const DOUBLINGS = 44;

/** Weighted counts of times, ns, in buckets that grow with the time: for what is watched, not for results. */
export class Histogram {
  readonly #weights = new Float64Array(PER_DOUBLING * DOUBLINGS);
  #total = 0;
  #max = 0;

  /** @param weight how many values of the whole this one stands for. */
  add(ns: number, weight = 1): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ns)) * PER_DOUBLING);
    const at = Math.min(bucket, this.#weights.length - 1);
    this.#weights[at] = (this.#weights[at] ?? 0) + weight;
    this.#total += weight;
    if (ns > this.#max) this.#max = ns;
  }

  /** Quantiles are upper ends of buckets. */
  get spread(): Spread {
    return { p50: this.#quantile(0.5), p99: this.#quantile(0.99), max: this.#max };
  }

  #quantile(share: number): number {
    if (this.#total === 0) return 0;
    let below = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      below += weight;
      if (below >= share * this.#total) return Math.min(this.#max, 2 ** ((bucket + 1) / PER_DOUBLING));
    }
    return this.#max;
  }
}
