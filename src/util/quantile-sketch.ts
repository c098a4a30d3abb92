// Buckets per factor of two: a quantile is at most 4.4 % too large.
const PER_DOUBLING = 16;
const DOUBLINGS = 44;

/** Estimates quantiles of times from weighted counts in exponential buckets: for live views, not for results. */
export class QuantileSketch {
  readonly #weights = new Float64Array(PER_DOUBLING * DOUBLINGS);
  #total = 0;
  #max = 0;

  /** @param weight number of values that this one represents. */
  add(ns: number, weight = 1): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ns)) * PER_DOUBLING);
    const at = Math.min(bucket, this.#weights.length - 1);
    this.#weights[at] = (this.#weights[at] ?? 0) + weight;
    this.#total += weight;
    if (ns > this.#max) this.#max = ns;
  }

  /** Adds all values of another sketch. */
  addAll(other: QuantileSketch): void {
    for (const [bucket, weight] of other.#weights.entries())
      this.#weights[bucket] = (this.#weights[bucket] ?? 0) + weight;
    this.#total += other.#total;
    this.#max = Math.max(this.#max, other.#max);
  }

  get isEmpty(): boolean {
    return this.#total === 0;
  }

  get spread(): { readonly p50: number; readonly p99: number; readonly max: number } {
    return { p50: this.quantile(0.5), p99: this.quantile(0.99), max: this.#max };
  }

  /** Upper bound of the bucket with this quantile, ns; 0 without values. */
  quantile(share: number): number {
    if (this.isEmpty) return 0;
    let below = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      below += weight;
      if (below >= share * this.#total) return Math.min(this.#max, 2 ** ((bucket + 1) / PER_DOUBLING));
    }
    return this.#max;
  }
}
