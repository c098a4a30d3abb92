import type { SeriesHead, ServerSeries } from '../telemetry/server-series.js';
import type { Window } from './request-table.js';
import {
  rateStats,
  type ServerStats,
  type SpanStatistics,
  sliceStatistics,
  spanStatistics,
} from './server-statistics.js';
import { type SampleSpan, type SliceGrid, type SliceSpan, sliceSpans, spanOf } from './server-windows.js';

/** What a series did in a window. */
export interface ServerResult extends SpanStatistics {
  readonly head: SeriesHead;
  /** Undefined where none are wanted. */
  readonly slices: readonly ServerSlice[] | undefined;
}

/** What it did in a slice of the window. */
export interface ServerSlice extends Window, SpanStatistics {
  readonly isComplete: boolean;
}

/** Which samples count, and how they are sliced. */
export interface SpansOfSeries {
  readonly span: SampleSpan;
  readonly slices: readonly SliceSpan[] | undefined;
}

/**
 * Results of a series within a window.
 * @param grid of slices; undefined for none. @returns undefined where the series was not there, or a gauge has
 * no sample inside.
 */
export function serverResult(
  series: ServerSeries,
  window: Window,
  grid?: SliceGrid,
): ServerResult | undefined {
  const span = spanOf(series, window);
  if (span === undefined) return undefined;
  const slices = grid && sliceSpans(series, span, window, grid);
  return resultOver(series, { span, slices });
}

/** Results of a series over given samples. */
export function resultOver(series: ServerSeries, { span, slices }: SpansOfSeries): ServerResult | undefined {
  const whole = spanStatistics(series, span);
  if (whole === undefined) return undefined;
  const results = slices?.flatMap(({ span: inside, ...slice }): ServerSlice[] => {
    const found = inside && sliceStatistics(series, inside);
    return found === undefined ? [] : [{ ...slice, ...found }];
  });
  return { ...whole, head: series, slices: results, stats: { ...whole.stats, ...rates(series, results) } };
}

function rates({ family }: ServerSeries, slices: readonly ServerSlice[] = []): ServerStats {
  if (family.kind !== 'counter') return {};
  return rateStats(slices.flatMap(({ isComplete, stats }) => (isComplete ? [stats] : [])));
}
