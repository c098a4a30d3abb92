// Buckets per factor of two: a quantile is at most 4.4 % too large.
const PER_DOUBLING = 16;
const DOUBLINGS = 44;

/** A sketch as plain data. */
export interface SketchState {
  /** Of all values, ns. */
  readonly max: number;
  /** Number and weight of each bucket that is not empty, one after the other. */
  readonly buckets: readonly number[];
}

/** Estimates quantiles of times from weighted counts in exponential buckets: for live views, not for results. */
export class QuantileSketch {
  readonly #weights = new Float64Array(PER_DOUBLING * DOUBLINGS);
  #total = 0;
  #max = 0;

  /** @param weight number of values that this one represents. */
  add(ns: number, weight = 1): void {
    this.#put(Math.floor(Math.log2(Math.max(1, ns)) * PER_DOUBLING), weight);
    if (ns > this.#max) this.#max = ns;
  }

  /** Adds all values of another sketch. */
  addAll(other: QuantileSketch): void {
    for (const [bucket, weight] of other.#weights.entries())
      this.#weights[bucket] = (this.#weights[bucket] ?? 0) + weight;
    this.#total += other.#total;
    this.#max = Math.max(this.#max, other.#max);
  }

  /** @param state of a sketch in another process. */
  static of({ max, buckets }: SketchState): QuantileSketch {
    const sketch = new QuantileSketch();
    for (let i = 0; i + 1 < buckets.length; i += 2) sketch.#put(buckets[i] ?? 0, buckets[i + 1] ?? 0);
    sketch.#max = max;
    return sketch;
  }

  get state(): { readonly max: number; readonly buckets: number[] } {
    const buckets: number[] = [];
    for (const [bucket, weight] of this.#weights.entries()) if (weight > 0) buckets.push(bucket, weight);
    return { max: this.#max, buckets };
  }

  /** The values that were added after an earlier state of the same sketch; their maximum is at most 4.4 % too large. */
  since(earlier: SketchState): QuantileSketch {
    const later = QuantileSketch.of(this.state);
    for (let i = 0; i + 1 < earlier.buckets.length; i += 2)
      later.#put(earlier.buckets[i] ?? 0, -(earlier.buckets[i + 1] ?? 0));
    const highest = later.#weights.findLastIndex((weight) => weight > 0);
    later.#max = highest === -1 ? 0 : Math.min(this.#max, upperBound(highest));
    return later;
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
      if (below >= share * this.#total) return Math.min(this.#max, upperBound(bucket));
    }
    return this.#max;
  }

  #put(bucket: number, weight: number): void {
    const at = Math.min(bucket, this.#weights.length - 1);
    this.#weights[at] = (this.#weights[at] ?? 0) + weight;
    this.#total += weight;
  }
}

function upperBound(bucket: number): number {
  return 2 ** ((bucket + 1) / PER_DOUBLING);
}
