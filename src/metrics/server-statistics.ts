import type { ServerSeries } from '../telemetry/server-series.js';
import { type Bucket, LearnedBucket } from './bucket-values.js';
import { estimatedPercentiles } from './histogram-estimates.js';
import { pairwiseMean, sampleDeviation } from './pairwise-sum.js';
import type { SampleSpan } from './server-windows.js';
import { percentile, percentiles } from './statistics.js';

type Percentile = `p${(typeof percentiles)[number]}`;
type RateStat = 'rate_avg' | 'rate_min' | 'rate_max' | 'rate_std';

/** What is computed of a series; which ones depends on its kind. */
export type ServerStat =
  | ('avg' | 'min' | 'max' | 'std' | Percentile)
  | ('total' | 'rate' | RateStat)
  | ('count' | 'sum' | 'count_rate' | 'sum_rate' | `${Percentile}_estimate`);

/** Statistics of a series in the order of files. */
export type ServerStats = { readonly [Name in ServerStat]?: number };

/** Statistics of a series over a window. */
export interface SpanStatistics {
  readonly stats: ServerStats;
  /** Of a histogram: how far each cumulative bucket grew, by `bounds`. */
  readonly buckets?: readonly number[];
}

/** All statistics over a window; undefined for a gauge without a sample inside. */
export function spanStatistics(series: ServerSeries, span: SampleSpan): SpanStatistics | undefined {
  const { kind } = series.family;
  if (kind === 'counter') return { stats: counterStats(series, span) };
  if (kind === 'histogram') return histogramStatistics(series, span);
  const values = series.values.slice(span.first, span.end);
  if (values.length === 0) return undefined;
  const known = gaugeStats(values);
  // Most series of a server never change.
  const sorted = known.min === known.max ? values : values.toSorted();
  return {
    stats: {
      ...known,
      std: sampleDeviation(values),
      ...Object.fromEntries(percentiles.map((percent) => [`p${percent}`, percentile(sorted, percent)])),
    },
  };
}

/** The few statistics that a slice has; undefined for a gauge without a sample inside, and where no growth is known. */
export function sliceStatistics(series: ServerSeries, span: SampleSpan): SpanStatistics | undefined {
  const { kind } = series.family;
  if ((kind === 'counter' || kind === 'histogram') && span.final === span.reference) return undefined;
  if (kind === 'counter') return { stats: counterStats(series, span) };
  if (kind === 'histogram') {
    const { buckets, sum, count } = histogramGrowth(series, span);
    return { stats: { count, sum, avg: count === 0 ? 0 : sum / count }, buckets };
  }
  const values = series.values.slice(span.first, span.end);
  return values.length === 0 ? undefined : { stats: gaugeStats(values) };
}

/** How the rate of a counter differed between complete slices; empty without one. */
export function rateStats(slices: readonly ServerStats[]): { readonly [Name in RateStat]?: number } {
  const rates = Float64Array.from(slices.flatMap(({ rate }) => rate ?? []));
  if (rates.length === 0) return {};
  const { avg, min, max } = gaugeStats(rates);
  return { rate_avg: avg, rate_min: min, rate_max: max, rate_std: sampleDeviation(rates) };
}

function gaugeStats(values: Float64Array) {
  return {
    avg: pairwiseMean(values),
    min: values.reduce((least, value) => Math.min(least, value)),
    max: values.reduce((most, value) => Math.max(most, value)),
  };
}

function counterStats(series: ServerSeries, span: SampleSpan): ServerStats {
  const total = grownValues(series, 0, span).at(-1) ?? 0;
  return { total, rate: rateOf(total, span.seconds) };
}

/**
 * How far a value of a series grew from the reference sample to each one up to the final one. After a reset it began at
 * 0, so that its new value is growth, as Prometheus' `increase` counts.
 * @param place of the value in its sample: 0 for a counter, else as in `ServerSeries`.
 */
export function grownValues(
  { values, bounds }: ServerSeries,
  place: number,
  { reference, final }: SampleSpan,
): Float64Array {
  const stride = bounds.length === 0 ? 1 : bounds.length + 2;
  const at = (i: number, offset: number) => values[i * stride + offset] ?? 0;
  // A histogram is reset where its count is: its sum may fall, because observations may be negative.
  const counted = stride - 1;
  const grown = new Float64Array(final - reference + 1);
  let before = 0;
  let base = at(reference, place);
  for (let i = reference + 1; i <= final; i++) {
    if (at(i, counted) < at(i - 1, counted)) {
      before += at(i - 1, place) - base;
      base = 0;
    }
    grown[i - reference] = before + (at(i, place) - base);
  }
  return grown;
}

function rateOf(total: number, seconds: number): number {
  return seconds > 0 ? total / seconds : 0;
}

interface Growth {
  readonly buckets: readonly number[];
  readonly sum: number;
  readonly count: number;
}

function histogramGrowth(series: ServerSeries, span: SampleSpan): Growth {
  const grown = (place: number) => grownValues(series, place, span).at(-1) ?? 0;
  const { length } = series.bounds;
  return { buckets: series.bounds.map((_, i) => grown(i)), sum: grown(length), count: grown(length + 1) };
}

function histogramStatistics(series: ServerSeries, span: SampleSpan): SpanStatistics {
  const { buckets, sum, count } = histogramGrowth(series, span);
  if (count === 0) return { stats: { count }, buckets };
  const estimates = estimatedPercentiles({ ...bucketsOf(series, span, buckets), sum }) ?? [];
  return {
    stats: {
      ...{ count, sum, avg: sum / count },
      ...{ count_rate: rateOf(count, span.seconds), sum_rate: rateOf(sum, span.seconds) },
      ...Object.fromEntries(estimates.map(([percent, value]) => [`p${percent}_estimate`, value])),
    },
    buckets,
  };
}

/** The buckets of a histogram, ascending, with what their growth from scrape to scrape says about their values. */
function bucketsOf(series: ServerSeries, span: SampleSpan, grown: readonly number[]) {
  const learned = learnedBuckets(series, span);
  const ordered = series.bounds
    .map((bound, i) => ({ upper: Number(bound), cumulative: grown[i] ?? 0, learned: learned.get(i) }))
    .filter(({ upper }) => Number.isFinite(upper))
    .sort((a, b) => a.upper - b.upper);
  const buckets = ordered.map(({ upper, cumulative, learned }, i): Bucket => {
    const before = ordered[i - 1];
    const lower = before?.upper ?? Math.min(0, upper);
    const isInside = learned !== undefined && lower < learned.mean && learned.mean < upper;
    return {
      ...{ lower, upper, count: Math.max(0, cumulative - (before?.cumulative ?? 0)) },
      ...{ mean: isInside ? learned.mean : undefined, variance: learned?.variance },
    };
  });
  const infinite = grown.at(-1) ?? 0;
  return { buckets, beyond: Math.max(0, infinite - (ordered.at(-1)?.cumulative ?? 0)) };
}

/** What is known of buckets, by index, from the intervals in which one bucket alone grew. */
function learnedBuckets(
  { values, bounds }: ServerSeries,
  { reference, final }: SampleSpan,
): ReadonlyMap<number, LearnedBucket> {
  const stride = bounds.length + 2;
  const learned = new Map<number, LearnedBucket>();
  for (let i = reference + 1; i <= final; i++) {
    const grown = (offset: number) =>
      (values[i * stride + offset] ?? 0) - (values[(i - 1) * stride + offset] ?? 0);
    const count = Math.trunc(grown(bounds.length + 1));
    if (count <= 0) continue;
    const only = onlyGrown(bounds.length, grown);
    if (only === undefined) continue;
    const bucket = learned.get(only) ?? new LearnedBucket();
    learned.set(only, bucket);
    bucket.add(grown(bounds.length) / count, count);
  }
  return learned;
}

/** Index of the bucket that grew alone; undefined for none or several. @param grown how far a cumulative bucket grew. */
function onlyGrown(count: number, grown: (offset: number) => number): number | undefined {
  let only: number | undefined;
  let below = 0;
  for (let i = 0; i < count; i++) {
    const upTo = Math.max(0, grown(i));
    if (upTo > below) {
      if (only !== undefined) return undefined;
      only = i;
    }
    below = upTo;
  }
  return only;
}
