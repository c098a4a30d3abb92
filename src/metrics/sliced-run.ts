import { curvesOf } from './curves.js';
import type { RequestTable } from './request-table.js';
import { type Results, resultsOver } from './results.js';
import { type Slice, slicesOf, type TimeSlices } from './slices.js';
import { type Trends, trendsOf } from './trends.js';

/** A run cut into windows of equal length, the first of which starts with its first request. */
export interface SlicedRun {
  /** Length of a complete window. */
  readonly seconds: number;
  readonly slices: readonly Slice[];
  readonly trends: Trends;
  /** Results over the complete windows of the steady state; undefined where it is not known. */
  readonly steady: Results | undefined;
}

/** Results of each time slice, and how they change. */
export function sliceRun(table: RequestTable, { seconds, windows }: TimeSlices): SlicedRun {
  const metrics = table.metrics.filter(({ wholeRunOnly }) => !wholeRunOnly);
  const slices = slicesOf(table, windows, metrics);
  const trends = trendsOf(slices);
  const { steadyFrom } = trends;
  return {
    seconds,
    slices,
    trends,
    steady: steadyFrom === undefined ? undefined : steadyResults(steadyFrom),
  };

  function steadyResults(from: number): Results {
    const complete = windows.filter(({ isComplete }, index) => index >= from && isComplete);
    const steady = { fromNs: complete[0]?.fromNs ?? 0, toNs: complete.at(-1)?.toNs ?? 0 };
    const rows = Int32Array.from(complete.flatMap((window) => Array.from(window.inside))).sort();
    const [curves] = curvesOf(table, [steady]);
    return resultsOver(table, { rows, windowNs: steady.toNs - steady.fromNs, metrics, curves });
  }
}
