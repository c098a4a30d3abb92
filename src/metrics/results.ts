import type { Metric } from './metric.js';
import type { Statistics } from './statistics.js';

/** A metric's result, in its display unit. */
export interface MetricResult {
  readonly tag: string;
  readonly unit: string;
  readonly statistics: Statistics;
}

/**
 * Results of a run, a slice or a selection, live or read from a file, in the order of the table (or file): metrics
 * without a value are left out. Plain data, so that threads can send it; `statsOf` looks a metric up.
 */
export type Results = readonly MetricResult[];

/** Statistics of a metric; undefined where there is no result of it. */
export function statsOf(results: Results, { tag }: Metric): Statistics | undefined {
  return results.find((result) => result.tag === tag)?.statistics;
}
