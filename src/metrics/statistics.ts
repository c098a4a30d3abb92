import { roundHalfEven } from '../util/rounding.js';
import type { Sorted } from './column.js';
import { CompensatedSum } from './compensated-sum.js';

/** The percentiles that exist, in percent. */
export const percentiles = [1, 5, 10, 25, 50, 75, 90, 95, 99] as const;

/** Statistics in the order of the summary file; a single number of the run has `avg` alone. */
export const statNames = [
  'avg',
  'p1',
  'p5',
  'p10',
  'p25',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
  'min',
  'max',
  'std',
  'count',
  'sum',
] as const;
export type StatName = (typeof statNames)[number];

/** Finite statistics only; what is missing could not be computed. */
export type Statistics = { readonly [Name in StatName]?: number };

/** Full statistics of samples in ascending order; undefined for none. `std` is that of the population. */
export function statisticsOf(sorted: Sorted): Statistics | undefined {
  const count = sorted.length;
  if (count === 0) return undefined;
  const sum = exactSum(sorted, (x) => x);
  const avg = sum / count;
  return {
    avg,
    ...statisticsByPercent((percent) => percentile(sorted, percent)),
    min: sorted[0] ?? 0,
    max: sorted[count - 1] ?? 0,
    std: Math.sqrt(exactSum(sorted, (x) => (x - avg) * (x - avg)) / count),
    count,
    sum,
  };
}

/**
 * Statistics of samples in ascending order with `failures` further ones of plus infinity: percentiles by nearest
 * rank, and no average, sum, maximum or deviation. Undefined without samples.
 */
export function failureAdjustedStatistics(sorted: Sorted, failures: number): Statistics | undefined {
  if (sorted.length === 0) return undefined;
  const count = sorted.length + failures;
  return {
    ...statisticsByPercent((percent) => sorted[roundHalfEven((percent / 100) * (count - 1))]),
    min: sorted[0] ?? 0,
    count,
  };
}

/** Each statistic times `factor`: one multiplication, so that all readers of a value see the same digits. */
export function scaled(statistics: Statistics, factor: number): Statistics {
  const result: { [Name in StatName]?: number } = {};
  for (const name of statNames) {
    const value = statistics[name];
    if (value !== undefined) result[name] = name === 'count' ? value : value * factor;
  }
  return result;
}

/** The percentiles that exist, where `at` has them. */
export function statisticsByPercent(at: (percent: number) => number | undefined): Statistics {
  const result: { [Name in StatName]?: number } = {};
  for (const percent of percentiles) {
    const value = at(percent);
    if (value !== undefined) result[`p${percent}`] = value;
  }
  return result;
}

/**
 * Linear interpolation between the two nearest ranks of ascending samples, digit for digit as NumPy does it.
 * @param percent from 0 to 100. @returns NaN for no samples.
 */
export function percentile(sorted: Sorted, percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const low = Math.floor(rank);
  const below = sorted[low] ?? Number.NaN;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
  const part = rank - low;
  // From the nearer end: the result is the end itself where the rank is.
  return part < 0.5 ? below + (above - below) * part : above - (above - below) * (1 - part);
}

function exactSum(values: Sorted, of: (x: number) => number): number {
  const sum = new CompensatedSum();
  for (let i = 0; i < values.length; i++) sum.add(of(values[i] ?? 0));
  return sum.value;
}
