import type { Metric } from './metric.js';
import { requestLatency, timeToFirstToken } from './request-metrics.js';
import { statsOf } from './results.js';
import { outputTokenThroughput, requestThroughput } from './run-metrics.js';
import type { Slice } from './slices.js';
import { FEWEST_SLICES } from './trends.js';

/** How the averages of a metric differ between slices: a description, for any number of slices. */
export interface SliceRange {
  readonly metric: Metric;
  /** Of the slices' averages, in the display unit. */
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  /** Mean of the averages of all slices but the first: the first differs from it by the cold start. */
  readonly others: number;
}

const described = [timeToFirstToken, requestLatency, outputTokenThroughput, requestThroughput];

/** Over complete slices; of a metric that fewer than two of them have there is nothing to compare. */
export function sliceRanges(slices: readonly Slice[]): SliceRange[] {
  const complete = slices.filter(({ isComplete }) => isComplete);
  return described.flatMap((metric) => {
    const averages = complete.flatMap(({ results }) => statsOf(results, metric)?.avg ?? []);
    const [first, ...rest] = averages;
    const last = rest.at(-1);
    if (first === undefined || last === undefined) return [];
    return [
      {
        ...{ metric, first, last },
        // Not spread into arguments: there may be a hundred thousand.
        min: averages.reduce((least, value) => Math.min(least, value)),
        max: averages.reduce((most, value) => Math.max(most, value)),
        others: rest.reduce((sum, value) => sum + value, 0) / rest.length,
      },
    ];
  });
}

/**
 * The longest length of slices that gives enough complete ones for a test of trends: whole seconds, below one two digits.
 * @returns seconds; undefined where the run is too short for any.
 */
export function sliceSecondsForTrends(slices: readonly Slice[]): number | undefined {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const seconds = Number(last.endNs - first.startNs) / 1e9 / FEWEST_SLICES;
  const length = seconds >= 1 ? Math.floor(seconds) : Math.floor(seconds * 100) / 100;
  return length > 0 ? length : undefined;
}
