import type { Sorted } from './column.js';
import { binomialCdf } from './distributions.js';

/** Bounds of a percentile; undefined where the samples are too few for one. */
export interface Interval {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** How sure the intervals are: each bound is missed in at most half of what is left. */
export const CONFIDENCE = 0.95;

/**
 * The confidence interval of a percentile from order statistics, for any distribution: the number of samples
 * below the true percentile is binomial. The samples have to be independent.
 * @param sorted in ascending order. @param percent above 0 and below 100; at either end there is no bound.
 */
export function percentileInterval(sorted: Sorted, percent: number): Interval {
  const n = sorted.length;
  const chance = percent / 100;
  if (chance <= 0 || chance >= 1) return { low: undefined, high: undefined };
  const tail = (1 - CONFIDENCE) / 2;
  // Ranks from 1: the probability that fewer, or more, samples lie below is at most `tail` each.
  const tooFew = leastWhere(n, (k) => binomialCdf(k, n, chance) > tail);
  const enough = leastWhere(n, (k) => binomialCdf(k, n, chance) >= 1 - tail);
  return { low: sorted[tooFew - 1], high: sorted[enough] };
}

/** The least k from 0 to n for which a condition holds that holds for all greater ones. */
function leastWhere(n: number, holds: (k: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
