import {
  effectiveConcurrency,
  effectiveDecodeThroughput,
  effectivePrefillConcurrency,
  tokensInFlight,
} from '../metrics/curve-metrics.js';
import { curveMeans } from '../metrics/curves.js';
import type { CurveMetric, Metric, Objective } from '../metrics/metric.js';
import {
  inputSequenceLength,
  interChunkLatency,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import type { NumberMetric, RequestTable } from '../metrics/request-table.js';
import { outputTokenThroughput } from '../metrics/run-metrics.js';
import { gaugeWithin, growthWithin, meanWithin } from '../metrics/series-windows.js';
import type { SlicedRun } from '../metrics/sliced-run.js';
import type { SeriesMetric, TimeSeries } from '../telemetry/time-series.js';
import type { OfferedSlices } from './offered-load.js';
import type { WindowedSeries } from './telemetry-lines.js';

/** How a run is drawn. */
export interface ChartSettings {
  readonly objectives: readonly Objective[];
  /** Its time slices with the results of `sliceMetrics`; undefined: slices are not drawn. */
  readonly sliced: Pick<SlicedRun, 'seconds' | 'slices'> | undefined;
  /** Telemetry of the run; without it, charts of telemetry are left out. */
  readonly series: readonly TimeSeries[];
  /** Absent where no shard of the run was lost. */
  readonly offered?: OfferedSlices | undefined;
}

/** What charts read of requests, besides the metrics of objectives. */
export const chartMetrics: readonly Metric[] = [
  timeToFirstToken,
  interTokenLatency,
  requestLatency,
  inputSequenceLength,
  outputSequenceLength,
  interChunkLatency,
];

/** What charts show of each time slice. */
export const sliceMetrics: readonly Metric[] = [
  timeToFirstToken,
  interTokenLatency,
  requestLatency,
  outputTokenThroughput,
];

/** The curves that charts draw: one sweep gives them all. */
const drawnCurves: readonly CurveMetric[] = [
  effectiveConcurrency,
  effectivePrefillConcurrency,
  effectiveDecodeThroughput,
  tokensInFlight,
];
/** As many as a wide picture shows. */
const CURVE_WINDOWS = 300;

/** A finished run as charts see it: times are seconds since the first start, values are in display units. */
export class ChartRun {
  readonly sliced: ChartSettings['sliced'];
  readonly failedCount: number;
  readonly table: RequestTable;
  readonly offered: OfferedSlices | undefined;
  readonly #objectives: readonly Objective[];
  readonly #series: readonly TimeSeries[];
  #curves: readonly Float64Array[] | undefined;

  constructor(table: RequestTable, { objectives, sliced, series, offered }: ChartSettings) {
    this.table = table;
    this.offered = offered;
    this.#objectives = objectives;
    this.#series = series;
    this.sliced = sliced;
    let failed = 0;
    for (let row = 0; row < table.length; row++) if (table.outcome(row) === 'failed') failed++;
    this.failedCount = failed;
  }

  get length(): number {
    return this.table.length;
  }

  /** From the first start to the last end. */
  get seconds(): number {
    const { fromNs, toNs } = this.table.extent;
    return this.length === 0 ? 0 : (toNs - fromNs) / 1e9;
  }

  startS(row: number): number {
    return this.sinceStart(this.table.startNs(row));
  }

  /** Seconds since the first request. */
  sinceStart(ns: number): number {
    return (ns - this.table.extent.fromNs) / 1e9;
  }

  endS(row: number): number {
    return (this.table.endNs(row) - this.table.extent.fromNs) / 1e9;
  }

  isFailed(row: number): boolean {
    return this.table.outcome(row) === 'failed';
  }

  /** NaN where the request has none, as failed ones. */
  value(metric: NumberMetric, row: number): number {
    return (this.table.column(metric)?.at(row) ?? Number.NaN) * metric.factor;
  }

  /** Whether any request has such a value. */
  has(metric: NumberMetric): boolean {
    return (this.table.column(metric)?.count ?? 0) > 0;
  }

  /** Its values in ascending order. */
  sorted(metric: NumberMetric): Float64Array {
    return Float64Array.from(this.table.sorted(metric, undefined), (value) => value * metric.factor);
  }

  /** The objective for a metric; undefined where there is none. */
  objectiveFor(metric: NumberMetric): Objective | undefined {
    return this.#objectives.find((objective) => objective.metric === metric);
  }

  /** A curve as means within windows of equal width, which cover the run. */
  curve(metric: CurveMetric): Float64Array {
    this.#curves ??= curveMeans(this.table, drawnCurves, CURVE_WINDOWS);
    return this.#curves[drawnCurves.indexOf(metric)] ?? new Float64Array();
  }

  /**
   * The greatest value of all series of a metric within windows of equal width, which cover the run: of a counter, how
   * much it grew each second. NaN in a window without any; undefined where the run has no such series.
   */
  telemetry({ name }: SeriesMetric, windows: number): Float64Array | undefined {
    const all = this.#series.filter(({ metric }) => metric.name === name);
    if (all.length === 0) return undefined;
    const { fromNs, toNs } = this.table.extent;
    const edge = (window: number) => fromNs + ((toNs - fromNs) * window) / windows;
    return Float64Array.from({ length: windows }, (_, i) => {
      const window = { fromNs: edge(i), toNs: edge(i + 1) };
      const values = all.flatMap((series) =>
        series.metric.kind === 'counter'
          ? (growthWithin(series, window)?.rate ?? [])
          : (gaugeWithin(series, window)?.max ?? []),
      );
      return values.length === 0 ? Number.NaN : Math.max(...values);
    });
  }

  /**
   * The mean value of each series of some metrics within windows of equal width, which cover the run: of a counter, how
   * much it grew each second. Series without any value in the run are left out.
   */
  telemetrySeries(names: readonly string[], windows: number): readonly WindowedSeries[] {
    const { fromNs, toNs } = this.table.extent;
    const edge = (window: number) => fromNs + ((toNs - fromNs) * window) / windows;
    return this.#series
      .filter(({ metric }) => names.includes(metric.name))
      .map((series) => ({
        series,
        values: Float64Array.from({ length: windows }, (_, i) => {
          const window = { fromNs: edge(i), toNs: edge(i + 1) };
          const value =
            series.metric.kind === 'counter'
              ? growthWithin(series, window)?.rate
              : meanWithin(series, window);
          return value ?? Number.NaN;
        }),
      }))
      .filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  }

  /** Rows in the order of their starts. */
  byStart(): Uint32Array {
    return this.#ordered((row) => this.table.startNs(row));
  }

  /** Rows in the order of their ends. */
  byEnd(): Uint32Array {
    return this.#ordered((row) => this.table.endNs(row));
  }

  #ordered(timeNs: (row: number) => number): Uint32Array {
    const times = Float64Array.from({ length: this.length }, (_, row) => timeNs(row));
    const rows = Uint32Array.from({ length: this.length }, (_, row) => row);
    return rows.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  }
}
