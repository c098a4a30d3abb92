import { Column, ListColumn, type Rows, type Sorted, SortingRoom } from './column.js';
import { type CurveStatistics, curvesWithin, type Window } from './curves.js';
import { cancelledOnPurpose, type RequestFacts } from './measure.js';
import type { CurveMetric, Metric, RunValues } from './metric.js';
import {
  inputSequenceLength,
  interChunkLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from './request-metrics.js';
import type { RequestSpans } from './request-sweep.js';
import type { MetricResult } from './results.js';
import { failureAdjustedStatistics, type Statistics, scaled, statisticsOf } from './statistics.js';

/** Values of one record in display units, in table order: a number, or a list of numbers. */
export type RecordMetrics = readonly (readonly [tag: string, value: number | Float64Array])[];

/** Some of the requests. */
export interface Selected {
  readonly rows: Rows;
  /** What rates are worked out over; absent: from the first start to the last content chunk. */
  readonly windowNs?: number;
  /** Those wanted, in their order; absent: all. */
  readonly metrics?: readonly Metric[];
  /** What curves come to over the same time; absent: no result has curves. */
  readonly curves?: CurveStatistics | undefined;
}

/** A row for each request and a column for each metric: results can be had over any selection of rows. */
export class RequestRows {
  readonly #metrics: readonly Metric[];
  readonly #overValid: readonly Metric[];
  readonly #overFailed: readonly Metric[];
  readonly #columns = new Map<string, Column>();
  readonly #lists = new Map<string, ListColumn>();
  readonly #starts = new Column();
  readonly #ends = new Column();
  /** How each request ended. */
  readonly #outcomes = new Column();
  readonly #room = new SortingRoom();
  #length = 0;
  #firstStartNs = Number.POSITIVE_INFINITY;
  #lastEndNs = Number.NEGATIVE_INFINITY;

  /** @param metrics in table order. */
  constructor(metrics: readonly Metric[]) {
    this.#metrics = metrics;
    this.#overValid = metrics.filter((metric) => isOver(metric, 'valid'));
    this.#overFailed = metrics.filter((metric) => isOver(metric, 'failed'));
    for (const { kind, tag } of metrics) {
      if (kind === 'record' || kind === 'count') this.#columns.set(tag, new Column());
      else if (kind === 'list') this.#lists.set(tag, new ListColumn());
    }
  }

  get length(): number {
    return this.#length;
  }

  /** First start and last end of all requests, ns since the clock's origin; infinite without requests. */
  get extent(): Window {
    return { fromNs: this.#firstStartNs, toNs: this.#lastEndNs };
  }

  /** When each request was sent, ns since the clock's origin. */
  startNs(row: number): number {
    return this.#starts.at(row);
  }

  /** A metric's values so far, for live screens; undefined for one that the run does not have. */
  column(metric: Metric): Column | undefined {
    return this.#columns.get(metric.tag);
  }

  /** @param shown gets the values for the per-record file. */
  add(facts: RequestFacts, shown?: [string, number | Float64Array][]): void {
    const row = this.#length++;
    const { startNs } = facts;
    const latencyNs = facts.value(requestLatency);
    // The first versions of the file do not say when a request ended.
    const endNs = Number.isNaN(facts.endNs) ? startNs + (latencyNs ?? 0) : facts.endNs;
    this.#starts.set(row, startNs);
    this.#ends.set(row, endNs);
    if (startNs < this.#firstStartNs) this.#firstStartNs = startNs;
    if (endNs > this.#lastEndNs) this.#lastEndNs = endNs;
    this.#outcomes.set(
      row,
      facts.failure === undefined ? VALID : cancelledOnPurpose(facts) ? CANCELLED : FAILED,
    );
    for (const metric of facts.failure === undefined ? this.#overValid : this.#overFailed) {
      if (metric.kind === 'list') {
        const list = facts.list(metric);
        if (list === undefined) continue;
        this.#lists.get(metric.tag)?.set(row, list);
        shown?.push([metric.tag, list.map((value) => value * metric.factor)]);
      } else if (metric.kind === 'count' || metric.kind === 'record') {
        const value =
          metric.kind === 'record' && !metric.recallable ? facts.value(metric) : metric.compute(facts);
        if (value === undefined || Number.isNaN(value)) continue;
        this.#columns.get(metric.tag)?.set(row, value);
        if (metric.kind === 'record' || metric.inRecords) shown?.push([metric.tag, value * metric.factor]);
      }
    }
  }

  /** Results over some requests, in display units. Sorts every value: meant for the end of a run. */
  results({ rows, windowNs, metrics = this.#metrics, curves }: Selected): MetricResult[] {
    const { durationNs, failures } = this.#countedTime(rows);
    const rateNs = windowNs ?? durationNs;
    const known = new Map<Metric, Statistics | undefined>();
    const statisticsFor = (metric: Metric): Statistics | undefined => {
      if (metric.kind === 'curve') return curves?.get(metric.tag);
      if (!known.has(metric)) known.set(metric, this.#statistics(metric, rows, failures, run));
      return known.get(metric);
    };
    const run: RunValues = {
      durationNs,
      total: (metric) => {
        const statistics = statisticsFor(metric);
        return metric.kind === 'record' ? statistics?.sum : statistics?.avg;
      },
      statistic: (metric, name) => statisticsFor(metric)?.[name],
      perSecond: (total) =>
        total === undefined || rateNs === undefined ? undefined : total / (rateNs * 1e-9),
    };
    return metrics.flatMap((metric) => {
      const statistics = statisticsFor(metric);
      if (statistics === undefined) return [];
      return [{ tag: metric.tag, unit: metric.displayUnit, statistics: scaled(statistics, metric.factor) }];
    });
  }

  /** What curves come to within each window. @param windows in their order, without overlaps. */
  curves(windows: readonly Window[]): readonly CurveStatistics[] {
    const metrics = this.#metrics.filter(
      (metric): metric is CurveMetric =>
        metric.kind === 'curve' && metric.needs.every((source) => (this.column(source)?.count ?? 0) > 0),
    );
    return curvesWithin(windows, metrics, this.#spans());
  }

  /** Requests by their starts; they lie here in the order of their ends. */
  #spans(): RequestSpans {
    const order = Uint32Array.from({ length: this.#length }, (_, row) => row);
    order.sort((a, b) => this.#starts.at(a) - this.#starts.at(b));
    const valueAt = (metric: Metric, row: number) => this.column(metric)?.at(row) ?? Number.NaN;
    return {
      length: this.#length,
      at: (place) => {
        const row = order[place];
        return row === undefined
          ? undefined
          : {
              startNs: this.#starts.at(row),
              endNs: this.#ends.at(row),
              ttftNs: valueAt(timeToFirstToken, row),
              inputTokens: valueAt(inputSequenceLength, row),
              outputTokens: valueAt(outputSequenceLength, row),
              gapsNs: this.#lists.get(interChunkLatency.tag)?.at(row) ?? [],
            };
      },
    };
  }

  /** In the metric's own unit. */
  #statistics(
    metric: Exclude<Metric, CurveMetric>,
    rows: Rows,
    failures: number,
    run: RunValues,
  ): Statistics | undefined {
    switch (metric.kind) {
      case 'record':
        return statisticsOf(this.#sorted(metric, rows));
      case 'list':
        return statisticsOf(this.#lists.get(metric.tag)?.sorted(rows, this.#room) ?? none);
      case 'count':
        return single(this.#columns.get(metric.tag)?.total(rows));
      case 'derived':
        return single(metric.compute(run));
      case 'adjusted':
        return failures === 0
          ? undefined
          : failureAdjustedStatistics(this.#sorted(metric.base, rows), failures);
    }
  }

  #sorted({ tag }: Metric, rows: Rows): Sorted {
    return this.#columns.get(tag)?.sorted(rows, this.#room) ?? none;
  }

  /** Time from the first valid start to the last content chunk, and the number of failures but planned cancellations. */
  #countedTime(rows: Rows): { durationNs: number | undefined; failures: number } {
    let firstNs = Number.POSITIVE_INFINITY;
    let lastNs = Number.NEGATIVE_INFINITY;
    let failures = 0;
    const latencies = this.column(requestLatency);
    const count = rows?.length ?? this.#length;
    for (let i = 0; i < count; i++) {
      const row = rows === undefined ? i : (rows[i] ?? 0);
      const outcome = this.#outcomes.at(row);
      if (outcome === FAILED) failures++;
      if (outcome !== VALID) continue;
      const startNs = this.#starts.at(row);
      const contentEndNs = startNs + (latencies?.at(row) ?? Number.NaN);
      if (startNs < firstNs) firstNs = startNs;
      if (contentEndNs > lastNs) lastNs = contentEndNs;
    }
    return { durationNs: positive(lastNs - firstNs), failures };
  }
}

const none = new Float64Array();

const VALID = 0;
const FAILED = 1;
/** As the options asked for. */
const CANCELLED = 2;

function isOver(metric: Metric, over: 'valid' | 'failed'): boolean {
  if (metric.kind === 'list') return over === 'valid';
  return (metric.kind === 'record' || metric.kind === 'count') && metric.appliesTo === over;
}

function single(value: number | undefined): Statistics | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : { avg: value };
}

function positive(value: number): number | undefined {
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
