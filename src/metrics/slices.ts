import { wallNs } from '../util/clock.js';
import { curvesOf } from './curves.js';
import type { Metric } from './metric.js';
import type { RequestTable, Window } from './request-table.js';
import { type Results, resultsOver } from './results.js';

/** A window of the run with its own results, from the requests that started in it. */
export interface Slice {
  /** From 0, without gaps: windows in which no request started are left out. */
  readonly index: number;
  /** Wall clock, ns since 1970; the end itself belongs to the next window. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** False for the last window of the run, which ends with the last request. */
  readonly isComplete: boolean;
  /** Rates are over the window. */
  readonly results: Results;
}

/** Results within each window. */
export function slicesOf(
  table: RequestTable,
  windows: readonly SliceWindow[],
  metrics: readonly Metric[],
): Slice[] {
  const curves = curvesOf(table, windows);
  return windows.map(({ fromNs, toNs, isComplete, inside }, index) => ({
    index,
    startNs: wallNs(table.origin, fromNs),
    endNs: wallNs(table.origin, toNs),
    isComplete,
    results: resultsOver(table, {
      rows: inside,
      windowNs: toNs - fromNs,
      metrics,
      curves: curves[index],
    }),
  }));
}

/** A window that a slice covers. */
export interface SliceWindow extends Window {
  readonly isComplete: boolean;
  /** The requests that started in it. */
  readonly inside: Int32Array;
}

/** Windows of equal length from the first start on in which a request started, in their order. */
export function windowsOf(table: RequestTable, sliceNs: number): SliceWindow[] {
  const { fromNs: firstStartNs, toNs: lastEndNs } = table.extent;
  const lastWindow = Math.floor((lastEndNs - firstStartNs) / sliceNs);
  const found = new Map<number, number[]>();
  for (let row = 0; row < table.length; row++) {
    const window = Math.floor((table.startNs(row) - firstStartNs) / sliceNs);
    const inside = found.get(window);
    if (inside === undefined) found.set(window, [row]);
    else inside.push(row);
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([window, inside]) => {
      const fromNs = firstStartNs + window * sliceNs;
      const isComplete = window !== lastWindow;
      const toNs = isComplete ? fromNs + sliceNs : lastEndNs;
      return { fromNs, toNs, isComplete, inside: Int32Array.from(inside) };
    });
}
