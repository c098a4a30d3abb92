import { type ClockOrigin, wallNs } from '../util/clock.js';
import type { Metric } from './metric.js';
import type { MetricResult, RequestRows } from './request-rows.js';
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
  readonly results: readonly MetricResult[];
}

/** A run cut into windows of equal length, the first of which starts with its first request. */
export interface SlicedRun {
  readonly sliceNs: number;
  readonly slices: readonly Slice[];
  readonly trends: Trends;
  /** Results over the complete windows from where the run is steady on; undefined where that cannot be told. */
  readonly steady: readonly MetricResult[] | undefined;
}

/** What is cut. */
export interface SliceSource {
  readonly rows: RequestRows;
  /** Those that slices have. */
  readonly metrics: readonly Metric[];
  /** First start and last end of all requests, ns since the origin. */
  readonly firstStartNs: number;
  readonly lastEndNs: number;
  readonly origin: ClockOrigin;
}

/** @param sliceNs length of a window, a whole number. */
export function sliceRun(source: SliceSource, sliceNs: number): SlicedRun {
  const { rows, metrics, firstStartNs, lastEndNs, origin } = source;
  const lastWindow = Math.floor((lastEndNs - firstStartNs) / sliceNs);
  const windows = rowsByWindow(source, sliceNs);
  const slices = windows.map(({ window, inside }, index): Slice => {
    const startNs = firstStartNs + window * sliceNs;
    const endNs = window === lastWindow ? lastEndNs : startNs + sliceNs;
    return {
      index,
      startNs: wallNs(origin, startNs),
      endNs: wallNs(origin, endNs),
      isComplete: window !== lastWindow,
      results: rows.results(inside, endNs - startNs, metrics),
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

  function steadyResults(from: number): readonly MetricResult[] {
    const complete = windows.filter(({ window }, index) => index >= from && window !== lastWindow);
    const [first, last] = [complete[0]?.window ?? 0, complete.at(-1)?.window ?? 0];
    const inside = Int32Array.from(complete.flatMap((window) => Array.from(window.inside))).sort();
    return rows.results(inside, (last - first + 1) * sliceNs, metrics);
  }
}

/** Windows in which a request started, in their order, and the rows of those requests. */
function rowsByWindow({ rows, firstStartNs }: SliceSource, sliceNs: number) {
  const found = new Map<number, number[]>();
  for (let row = 0; row < rows.length; row++) {
    const window = Math.floor((rows.startNs(row) - firstStartNs) / sliceNs);
    const inside = found.get(window);
    if (inside === undefined) found.set(window, [row]);
    else inside.push(row);
  }
  return [...found]
    .map(([window, inside]) => ({ window, inside: Int32Array.from(inside) }))
    .sort((a, b) => a.window - b.window);
}
