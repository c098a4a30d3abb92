import type { CurveMetric } from './metric.js';
import { type RequestSpans, RequestSweep, type VisitStretch } from './request-sweep.js';
import type { Statistics } from './statistics.js';
import { weightedStatistics } from './weighted.js';

/** A stretch of the run, ns since the clock's origin; the end itself belongs to the next one. */
export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Statistics of curves by tag, weighted by time; a curve without a value in the window is missing. */
export type CurveStatistics = ReadonlyMap<string, Statistics>;

/** Statistics of each curve within each window. @param windows in their order, without overlaps. */
export function curvesWithin(
  windows: readonly Window[],
  metrics: readonly CurveMetric[],
  spans: RequestSpans,
): readonly CurveStatistics[] {
  let sweep = new RequestSweep(spans);
  return windows.map(({ fromNs, toNs }) => {
    sweep.advance(fromNs);
    let end = sweep;
    const statistics = weightedStatistics(metrics.length, (visit) => {
      const each: VisitStretch = (state, startNs, endNs) => {
        for (let i = 0; i < metrics.length; i++) {
          const value = metrics[i]?.of(state);
          if (value !== undefined) visit(i, value, endNs - startNs);
        }
      };
      end = sweep.fork();
      end.advance(toNs, each);
    });
    sweep = end;
    return new Map(
      metrics.flatMap(({ tag }, i) => {
        const found = statistics[i];
        return found === undefined ? [] : [[tag, found] as const];
      }),
    );
  });
}
