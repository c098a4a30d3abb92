import { wallNs } from '../util/clock.js';
import { curvesOf } from './curves.js';
import type { Metric, RunTraits } from './metric.js';
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
  const curves = metrics.some(({ kind }) => kind === 'curve') ? curvesOf(table, windows) : [];
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

/** Windows of equal length from the first start on. */
export interface TimeSlices {
  /** Length of a complete window. */
  readonly seconds: number;
  /** Those in which a request started, in their order. */
  readonly windows: readonly SliceWindow[];
}

/** The time slices of a run; undefined where none are wanted, or there is no request. */
export function timeSlices(
  table: RequestTable,
  { sliceSeconds }: Pick<RunTraits, 'sliceSeconds'>,
): TimeSlices | undefined {
  if (sliceSeconds === undefined || table.length === 0) return undefined;
  const lengthNs = Math.max(1, Math.round(sliceSeconds * 1e9));
  const { fromNs: firstStartNs, toNs: lastEndNs } = table.extent;
  const lastWindow = Math.floor((lastEndNs - firstStartNs) / lengthNs);
  const found = new Map<number, number[]>();
  for (let row = 0; row < table.length; row++) {
    const window = Math.floor((table.startNs(row) - firstStartNs) / lengthNs);
    const inside = found.get(window);
    if (inside === undefined) found.set(window, [row]);
    else inside.push(row);
  }
  const windows = [...found]
    .sort(([a], [b]) => a - b)
    .map(([window, inside]) => {
      const fromNs = firstStartNs + window * lengthNs;
      const isComplete = window !== lastWindow;
      const toNs = isComplete ? fromNs + lengthNs : lastEndNs;
      return { fromNs, toNs, isComplete, inside: Int32Array.from(inside) };
    });
  return { seconds: lengthNs / 1e9, windows };
}
