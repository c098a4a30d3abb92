import type { Sorted } from '../metrics/column.js';
import { percentile } from '../metrics/statistics.js';
import { fewDigits, niceStep } from './reduce.js';

/** Counts of values in bars of equal width from 0 on. */
export interface Histogram {
  readonly width: number;
  /** Where the axis ends. */
  readonly most: number;
  /** Values beyond it. */
  readonly beyond: number;
  /** Lower and upper edge, and the values from the one to below the other; empty bars are left out. */
  readonly bars: readonly (readonly [from: number, to: number, count: number])[];
}

const BARS = 60;
/** An axis ends at the 99th percentile times this, lest one outlier press all else together. */
const BEYOND = 3;

/** The end of an axis that shows all values, but for outliers. @param sorted in ascending order, not empty. */
export function axisEnd(sorted: Sorted): number {
  return Math.min(sorted.at(-1) ?? 0, BEYOND * percentile(sorted, 99)) || 1;
}

/** @param sorted in ascending order, not empty. @param least width of a bar. */
export function histogramOf(sorted: Sorted, least = 0): Histogram {
  const end = axisEnd(sorted);
  const width = Math.max(least, niceStep(end / BARS));
  const drawn = countUpTo(sorted, end);
  const bars: [number, number, number][] = [];
  let before = 0;
  for (let bar = 0; before < drawn; bar++) {
    const [from, to] = [bar * width, (bar + 1) * width];
    const upTo = Math.min(drawn, countBelow(sorted, to));
    if (upTo > before) bars.push([fewDigits(from), fewDigits(to), upTo - before]);
    before = upTo;
  }
  return { width, most: bars.at(-1)?.[1] ?? end, beyond: sorted.length - drawn, bars };
}

/** Values that are less than `limit`. */
export function countBelow(sorted: Sorted, limit: number): number {
  return firstIndex(sorted, (value) => value >= limit);
}

/** Values that are not greater than `limit`. */
export function countUpTo(sorted: Sorted, limit: number): number {
  return firstIndex(sorted, (value) => value > limit);
}

/** By halving: `is` holds for a tail of the values. */
function firstIndex(sorted: Sorted, is: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(sorted[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
