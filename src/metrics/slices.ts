import { wallNs } from '../util/clock.js';
import { curvesOf } from './curves.js';
import type { Metric } from './metric.js';
import type { RequestTable, Window } from './request-table.js';
import { type Results, resultsOver } from './results.js';
import { type Trends, trendsOf } from './trends.js';

/** A window of the run with its metrics worked out again, from the requests that started in it. */
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

/** A run cut into windows of equal length, the first of which starts with its first request. */
export interface SlicedRun {
  readonly sliceNs: number;
  readonly slices: readonly Slice[];
  readonly trends: Trends;
  /** Results over the complete windows from where the run is steady on; undefined where that cannot be told. */
  readonly steady: Results | undefined;
}

/** What is cut. */
export interface SliceSource {
  readonly table: RequestTable;
  /** Those that slices have. */
  readonly metrics: readonly Metric[];
}

/** @param sliceNs length of a window, a whole number. */
export function sliceRun(source: SliceSource, sliceNs: number): SlicedRun {
  const { table, metrics } = source;
  const { origin } = table;
  const windows = windowsOf(table, sliceNs);
  const curves = curvesOf(table, windows);
  const slices = windows.map(({ fromNs, toNs, isComplete, inside }, index): Slice => {
    const selected = { rows: inside, windowNs: toNs - fromNs, metrics, curves: curves[index] };
    return {
      index,
      startNs: wallNs(origin, fromNs),
      endNs: wallNs(origin, toNs),
      isComplete,
      results: resultsOver(table, selected),
    };
  });
  const trends = trendsOf(slices);
  const { steadyFrom } = trends;
  return {
    sliceNs,
    slices,
    trends,
    steady: steadyFrom === undefined ? undefined : steadyResults(steadyFrom),
  };

  function steadyResults(from: number): Results {
    const complete = windows.filter(({ isComplete }, index) => index >= from && isComplete);
    const steady = { fromNs: complete[0]?.fromNs ?? 0, toNs: complete.at(-1)?.toNs ?? 0 };
    const inside = Int32Array.from(complete.flatMap((window) => Array.from(window.inside))).sort();
    const [curves] = curvesOf(table, [steady]);
    return resultsOver(table, { rows: inside, windowNs: steady.toNs - steady.fromNs, metrics, curves });
  }
}

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
