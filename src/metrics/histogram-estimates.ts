import { type Bucket, bucketValues, clamped } from './bucket-values.js';
import { pairwiseSum } from './pairwise-sum.js';
import { percentile, percentiles } from './statistics.js';

/** What was observed in a window. */
export interface HistogramGrowth {
  /** Ascending, without the one for infinity. */
  readonly buckets: readonly Bucket[];
  /** Observations above the last bound. */
  readonly beyond: number;
  /** Of all observations. */
  readonly sum: number;
}

// More observations than these are reduced to as many, in proportion.
const MOST_VALUES = 100_000;

type Percentile = (typeof percentiles)[number];
export type PercentileEstimates = readonly (readonly [percent: Percentile, value: number])[];

/**
 * Percentiles of a histogram, estimated as AIPerf does, to the last digit: each observation gets a value in its bucket
 * (`bucketValues`), those above the last bound share what the sum leaves for them, and all are then shifted, bucket by
 * bucket, so that they add up to the sum.
 * @returns undefined where nothing can be estimated: no observation, no finite bound, or a sum that cannot be.
 */
export function estimatedPercentiles(growth: HistogramGrowth): PercentileEstimates | undefined {
  const last = growth.buckets.at(-1);
  if (last === undefined || !Number.isFinite(growth.sum) || growth.sum < 0) return undefined;
  if (growth.sum === 0) return percentiles.map((percent) => [percent, 0]);
  const { buckets, beyond, sum } = reduced(growth);
  const above = valuesAbove(last.upper, beyond, sum - estimatedSum(buckets));
  const values = shifted(buckets, sum - pairwiseSum(above));
  const all = new Float64Array(values.length + above.length);
  all.set(values);
  all.set(above, values.length);
  if (all.length === 0) return undefined;
  return percentiles.map((percent) => [percent, percentile(all, percent)]);
}

function reduced({ buckets, beyond, sum }: HistogramGrowth): HistogramGrowth {
  const total = buckets.reduce((all, { count }) => all + count, beyond);
  if (total <= MOST_VALUES) return { buckets, beyond, sum };
  const factor = MOST_VALUES / total;
  return {
    buckets: buckets.map((bucket) => ({ ...bucket, count: bucket.count * factor })),
    // One at least: it is the tail.
    beyond: Math.ceil(beyond * factor),
    sum: sum * factor,
  };
}

function estimatedSum(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, { lower, upper, count, mean = (lower + upper) / 2 }) => sum + count * mean, 0);
}

/**
 * Values above the last bound, evenly from it on.
 * @param sum what is left for them. Where that is too little for the bound, their mean is taken as 1.5 times it.
 */
function valuesAbove(bound: number, count: number, sum: number): Float64Array {
  if (count === 0) return new Float64Array(0);
  const mean = sum / count > bound ? sum / count : 1.5 * bound;
  if (count === 1) return Float64Array.of(mean);
  const last = 2 * mean - bound;
  const step = (last - bound) / (count - 1);
  return Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? last : i * step + bound));
}

/** Values of all buckets, shifted towards a sum: each bucket by its share, and at most by 40 % of its width. */
function shifted(buckets: readonly Bucket[], target: number): Float64Array {
  const total = buckets.reduce((all, { count }) => all + count, 0);
  const places = placesOf(buckets);
  const values = new Float64Array(places.at(-1)?.to ?? 0);
  for (const { bucket, from } of places) {
    values.set(bucketValues(bucket, centerOf(bucket, total, target)), from);
  }
  const sum = pairwiseSum(values);
  const missing = target - sum;
  if (sum <= 0 || target <= 0 || Math.abs(missing) / target < 0.001) return values;
  for (const { bucket, from, to } of places) {
    const { lower, upper, count } = bucket;
    const most = (upper - lower) * 0.4;
    const shift = clamped((missing * (pairwiseSum(values, from, to) / sum)) / count, -most, most);
    for (let i = from; i < to; i++) values[i] = clamped((values[i] ?? 0) + shift, lower, upper);
  }
  return values;
}

/** The buckets that get values, and which ones; reduced counts are truncated. */
function placesOf(buckets: readonly Bucket[]) {
  let to = 0;
  return buckets.flatMap((bucket) => {
    const count = Math.trunc(bucket.count);
    if (count <= 0) return [];
    const from = to;
    to += count;
    return [{ bucket: { ...bucket, count }, from, to }];
  });
}

/** What a bucket of which nothing was learned is centered on: one with 95 % of all observations on their mean. */
function centerOf({ lower, upper, count, mean }: Bucket, total: number, sum: number): number {
  const average = sum / total;
  if (count / total >= 0.95 && lower < average && average < upper) return average;
  return mean ?? (lower + upper) / 2;
}
