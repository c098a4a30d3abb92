import type { CurveMetric } from './metric.js';
import {
  inputSequenceLength,
  interChunkLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from './request-metrics.js';
import {
  type RequestSpan,
  type RequestSpans,
  RequestSweep,
  type SweepState,
  type VisitStretch,
} from './request-sweep.js';
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
  return curvesWithin(windows, metrics, spansOf(table, metrics));
}

/**
 * Means of curves within windows of equal width, from the table's first start to its last end. Where no request of a
 * table has a first token (not streamed), output counts as coming evenly from the start.
 */
export function curveMeans(
  table: RequestTable,
  metrics: readonly CurveMetric[],
  windows: number,
): readonly Float64Array[] {
  const { fromNs, toNs } = table.extent;
  const means = metrics.map(() => new Float64Array(windows));
  const sweep = new RequestSweep(spansOf(table, metrics));
  for (let window = 0; window < windows; window++) {
    const [startNs, endNs] = [window, window + 1].map((edge) => fromNs + ((toNs - fromNs) * edge) / windows);
    const widthNs = (endNs ?? 0) - (startNs ?? 0);
    sweep.advance(endNs ?? 0, (state, from, to) => {
      for (let i = 0; i < metrics.length; i++) {
        const mean = means[i];
        const value = metrics[i]?.compute(state) ?? 0;
        if (mean !== undefined) mean[window] = (mean[window] ?? 0) + (value * (to - from)) / widthNs;
      }
    });
  }
  return means;
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

/** Requests by their starts, with what these curves need; a table holds them in the order of their ends. */
function spansOf(table: RequestTable, metrics: readonly CurveMetric[]): RequestSpans {
  const order = Uint32Array.from({ length: table.length }, (_, row) => row);
  order.sort((a, b) => table.startNs(a) - table.startNs(b));
  const valueAt = (metric: NumberMetric, row: number) => table.column(metric)?.at(row) ?? Number.NaN;
  const needsTokens = metrics.some(({ needs }) => needs.length > 0);
  const isStreamed = (table.column(timeToFirstToken)?.count ?? 0) > 0;
  const spanOf = (row: number): RequestSpan => {
    const [startNs, endNs] = [table.startNs(row), table.endNs(row)];
    if (!needsTokens) return { startNs, endNs, ...unknown };
    const latencyNs = valueAt(requestLatency, row);
    const ttftNs = isStreamed || Number.isNaN(latencyNs) ? valueAt(timeToFirstToken, row) : 0;
    const outputTokens = valueAt(outputSequenceLength, row);
    const gaps = table.list(interChunkLatency)?.at(row) ?? noGaps;
    const gapsNs = gaps.length === 0 ? evenGaps(latencyNs - ttftNs, outputTokens - 1) : gaps;
    return { startNs, endNs, ttftNs, inputTokens: valueAt(inputSequenceLength, row), outputTokens, gapsNs };
  };
  return {
    length: table.length,
    at: (place) => {
      const row = order[place];
      return row === undefined ? undefined : spanOf(row);
    },
  };
}

const noGaps = new Float64Array();
const unknown = {
  ttftNs: Number.NaN,
  inputTokens: Number.NaN,
  outputTokens: Number.NaN,
  gapsNs: noGaps,
} as const;
/** As fine as the growth of one request's output is seen within a run. */
const MOST_EVEN_GAPS = 32;

/**
 * The gaps of a request whose chunks are not recorded (AIPerf's first versions, no stream) and that took longer than
 * its first token: equal ones. None for one that came at once.
 */
function evenGaps(decodeNs: number, count: number): Float64Array {
  if (!(decodeNs > 0 && count >= 1)) return noGaps;
  const gaps = Math.min(MOST_EVEN_GAPS, Math.floor(count));
  return new Float64Array(gaps).fill(decodeNs / gaps);
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

  /** Hands over the current stretch. */
  end(): void {
    if (this.#value !== undefined && this.#lengthNs > 0) this.#visit(this.#value, this.#lengthNs);
    this.#lengthNs = 0;
  }
}
