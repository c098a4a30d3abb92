import type { CurveMetric } from './metric.js';
import {
  inputSequenceLength,
  interChunkLatency,
  outputSequenceLength,
  timeToFirstToken,
} from './request-metrics.js';
import { type RequestSpans, RequestSweep, type SweepState, type VisitStretch } from './request-sweep.js';
import type { NumberMetric, RequestTable, Window } from './request-table.js';
import type { Statistics } from './statistics.js';
import { weightedStatistics } from './weighted.js';

/** Statistics of curves by tag, weighted by time; a curve without a value in the window is missing. */
export type CurveStatistics = ReadonlyMap<string, Statistics>;

/** Statistics of a table's curves within each window. @param windows in their order, without overlaps. */
export function curvesOf(table: RequestTable, windows: readonly Window[]): readonly CurveStatistics[] {
  const metrics = table.metrics.filter(
    (metric): metric is CurveMetric =>
      metric.kind === 'curve' && metric.needs.every((source) => (table.column(source)?.count ?? 0) > 0),
  );
  return curvesWithin(windows, metrics, spansOf(table));
}

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
      const curves = metrics.map(
        (metric, i) => new Curve(metric, (value, weight) => visit(i, value, weight)),
      );
      const each: VisitStretch = (state, startNs, endNs) => {
        for (let i = 0; i < curves.length; i++) curves[i]?.add(state, endNs - startNs);
      };
      end = sweep.fork();
      end.advance(toNs, each);
      for (const curve of curves) curve.end();
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

/** Requests by their starts; a table holds them in the order of their ends. */
function spansOf(table: RequestTable): RequestSpans {
  const order = Uint32Array.from({ length: table.length }, (_, row) => row);
  order.sort((a, b) => table.startNs(a) - table.startNs(b));
  const valueAt = (metric: NumberMetric, row: number) => table.column(metric)?.at(row) ?? Number.NaN;
  return {
    length: table.length,
    at: (place) => {
      const row = order[place];
      return row === undefined
        ? undefined
        : {
            startNs: table.startNs(row),
            endNs: table.endNs(row),
            ttftNs: valueAt(timeToFirstToken, row),
            inputTokens: valueAt(inputSequenceLength, row),
            outputTokens: valueAt(outputSequenceLength, row),
            gapsNs: table.list(interChunkLatency)?.at(row) ?? [],
          };
    },
  };
}

/** One curve on its way through time: stretches of one value are one, since most changes change few of the curves. */
class Curve {
  readonly #of: CurveMetric['compute'];
  readonly #visit: (value: number, weight: number) => void;
  #value: number | undefined = undefined;
  #lengthNs = 0;

  constructor({ compute }: CurveMetric, visit: (value: number, weight: number) => void) {
    this.#of = compute;
    this.#visit = visit;
  }

  add(state: SweepState, lengthNs: number): void {
    const value = this.#of(state);
    if (value !== this.#value) {
      this.end();
      this.#value = value;
    }
    this.#lengthNs += lengthNs;
  }

  /** Hands over the stretch that is under way. */
  end(): void {
    if (this.#value !== undefined && this.#lengthNs > 0) this.#visit(this.#value, this.#lengthNs);
    this.#lengthNs = 0;
  }
}
