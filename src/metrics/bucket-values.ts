import { sampleVariance } from './pairwise-sum.js';

/** A bucket of a histogram with what was observed in it. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** From intervals in which this bucket alone grew; undefined where there is none inside the bucket. */
  readonly mean: number | undefined;
  /** Of the means of those intervals; undefined for fewer than three. */
  readonly variance: number | undefined;
}

/** Observations of intervals between two scrapes in which one bucket alone grew: their mean is exact. */
export class LearnedBucket {
  #count = 0;
  #sum = 0;
  readonly #means: number[] = [];

  /** Adds an interval. @param count observations in it, above 0. */
  add(mean: number, count: number): void {
    this.#count += count;
    this.#sum += mean * count;
    this.#means.push(mean);
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get variance(): number | undefined {
    return this.#means.length < 3 ? undefined : sampleVariance(Float64Array.from(this.#means));
  }
}

/**
 * Values for the observations of a bucket (a whole number), ascending: evenly spread around `center`, or by the learned mean and
 * deviation where they are known. The cases and their limits are AIPerf's.
 * @param center where nothing was learned.
 */
export function bucketValues(bucket: Bucket, center: number): Float64Array {
  const { lower, upper, mean, variance } = bucket;
  if (mean === undefined) return evenly(bucket, center);
  if (variance === undefined || variance <= 0) return evenly(bucket, center);
  const width = upper - lower;
  const deviation = Math.sqrt(variance);
  const spread = (4 * deviation) / width;
  if (spread < 0.01) return twoPoints(bucket, mean, variance);
  const scaled = byDeviation(bucket, mean, deviation);
  const isCentered = Math.abs(mean - (lower + upper) / 2) / width < 0.3;
  if (spread >= 0.2 || !isCentered) return scaled;
  const even = evenly(bucket, mean);
  return scaled.map((value, i) => 0.5 * (even[i] ?? 0) + 0.5 * value);
}

/** Equal distances over the width of the bucket, moved to a center; what leaves the bucket is set to its bound. */
function evenly({ lower, upper, count }: Bucket, center: number): Float64Array {
  const shift = center - (lower + upper) / 2;
  return Float64Array.from({ length: count }, (_, i) =>
    clamped(lower + (upper - lower) * ((i + 0.5) / count) + shift, lower, upper),
  );
}

/** Equal distances on either side of the mean, up to three deviations or to the bound. */
function byDeviation({ lower, upper, count }: Bucket, mean: number, deviation: number): Float64Array {
  const below = Math.min((mean - lower) / deviation, 3) * deviation;
  const above = Math.min((upper - mean) / deviation, 3) * deviation;
  return Float64Array.from({ length: count }, (_, i) => {
    const part = (i + 0.5) / count;
    const value = part < 0.5 ? mean - below * (1 - 2 * part) : mean + above * (2 * part - 1);
    return clamped(value, lower, upper);
  });
}

/** All in two points, the lower bound and one that keeps mean and variance. */
function twoPoints({ lower, upper, count }: Bucket, mean: number, variance: number): Float64Array {
  const distance = mean - lower;
  const point = clamped(mean + variance / distance, lower, upper);
  const atLower = Math.trunc(count * (variance / (variance + distance ** 2)));
  return Float64Array.from({ length: count }, (_, i) => (i < atLower ? lower : point));
}

/** A value, or the bound that it is beyond. */
export function clamped(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
