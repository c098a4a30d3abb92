import type { CountedRecord, RecordError } from '../records/record.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import { Column } from './column.js';
import { measure, type RequestFacts } from './measure.js';
import type { Metric, RunTraits, RunValues, Thresholds, Unit } from './metric.js';
import { recall, type StoredRequest } from './recall.js';
import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from './request-metrics.js';
import { failureAdjustedStatistics, type Statistics, scaled, statisticsOf } from './statistics.js';
import { metricsFor } from './table.js';

/** Values of one record in display units, in table order: a number, or a list of numbers. */
export type RecordMetrics = readonly (readonly [tag: string, value: number | Float64Array])[];

/** A metric's result over the run, in its display unit. */
export interface MetricResult {
  readonly tag: string;
  readonly unit: Unit;
  readonly statistics: Statistics;
}

/** Failures with identical details. */
export interface ErrorGroup {
  readonly error: RecordError;
  readonly count: number;
}

/** How many requests ended in which way; each is counted once. */
export interface Outcomes {
  readonly completed: number;
  /** Ended in an error that was not of our making. */
  readonly failed: number;
  /** Chosen to be cancelled, and cancelled. */
  readonly cancelled: number;
  /** Given up because the run ended: by grace, by an interrupt. */
  readonly dropped: number;
}

/** Results of a run: plain data that can be sent between threads. */
export interface RunSummary {
  /** Metrics that have a value, in table order. */
  readonly results: readonly MetricResult[];
  /** In the order in which each was first seen. */
  readonly errors: readonly ErrorGroup[];
  readonly validCount: number;
  /** All that are not valid: failed, cancelled and dropped ones. */
  readonly failedCount: number;
  readonly outcomes: Outcomes;
  /** Wall-clock ns since 1970 of the first start and the last end of all requests; undefined for no request. */
  readonly firstStartNs: bigint | undefined;
  readonly lastEndNs: bigint | undefined;
  readonly thresholds: Thresholds;
}

/** Where a run stands; undefined averages have no sample yet. */
export interface LiveSummary {
  readonly completed: number;
  readonly errors: number;
  readonly ttftAvgMs: number | undefined;
  readonly itlAvgMs: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Takes the records of one phase one by one and works out their metrics and, at any time, those of the run. */
export class MetricStore {
  readonly #metrics: readonly Metric[];
  readonly #overValid: readonly Metric[];
  readonly #overFailed: readonly Metric[];
  readonly #thresholds: Thresholds;
  readonly #origin: ClockOrigin;
  readonly #columns = new Map<string, Column>();
  readonly #sums = new Map<string, number>();
  readonly #errors = new Map<string, { error: RecordError; count: number }>();
  #validCount = 0;
  #failedCount = 0;
  #cancelledCount = 0;
  #droppedCount = 0;
  /** Of all requests. */
  #firstStartNs = Number.POSITIVE_INFINITY;
  #lastEndNs = Number.NEGATIVE_INFINITY;
  /** Of valid requests: start and last content chunk. */
  #firstValidStartNs = Number.POSITIVE_INFINITY;
  #lastContentNs = Number.NEGATIVE_INFINITY;

  /** @param origin the clock origin that the records' times count from. */
  constructor(traits: RunTraits, thresholds: Thresholds, origin: ClockOrigin) {
    this.#metrics = metricsFor(traits);
    this.#overValid = this.#metrics.filter((metric) => isOver(metric, 'valid'));
    this.#overFailed = this.#metrics.filter((metric) => isOver(metric, 'failed'));
    this.#thresholds = thresholds;
    this.#origin = origin;
    for (const { kind, tag } of this.#metrics) {
      if (kind === 'record' || kind === 'list') this.#columns.set(tag, new Column());
    }
  }

  /** Takes a record; gives its values for the per-record file. */
  add(counted: CountedRecord): RecordMetrics {
    const values: [string, number | Float64Array][] = [];
    this.#take(measure(counted, this.#thresholds), values);
    return values;
  }

  /** Takes a request as its line in the per-record file tells it. */
  addStored(stored: StoredRequest): void {
    this.#take(recall(stored, this.#thresholds, this.#origin));
  }

  /** Results over all records so far. Sorts every value: meant for the end of a run. */
  summary(): RunSummary {
    return {
      results: this.#results(),
      errors: [...this.#errors.values()].map((group) => ({ ...group })),
      validCount: this.#validCount,
      failedCount: this.#failedCount,
      outcomes: {
        completed: this.#validCount,
        failed: this.#failedCount - this.#cancelledCount - this.#droppedCount,
        cancelled: this.#cancelledCount,
        dropped: this.#droppedCount,
      },
      firstStartNs: this.#wall(this.#firstStartNs),
      lastEndNs: this.#wall(this.#lastEndNs),
      thresholds: this.#thresholds,
    };
  }

  /** A few running averages, for progress lines. */
  live(): LiveSummary {
    const mean = ({ tag, factor }: Metric) => {
      const value = this.#columns.get(tag)?.runningMean;
      return value === undefined ? undefined : value * factor;
    };
    return {
      completed: this.#validCount + this.#failedCount,
      errors: this.#failedCount,
      ttftAvgMs: mean(timeToFirstToken),
      itlAvgMs: mean(interTokenLatency),
      inputTokens: this.#columns.get(inputSequenceLength.tag)?.runningSum ?? 0,
      outputTokens: this.#columns.get(outputSequenceLength.tag)?.runningSum ?? 0,
    };
  }

  /** @param shown gets the values for the per-record file. */
  #take(facts: RequestFacts, shown?: [string, number | Float64Array][]): void {
    this.#count(facts);
    for (const metric of facts.failure === undefined ? this.#overValid : this.#overFailed) {
      if (metric.kind === 'list') {
        const list = facts.list(metric);
        if (list === undefined) continue;
        this.#column(metric).pushAll(list);
        shown?.push([metric.tag, list.map((value) => value * metric.factor)]);
      } else if (metric.kind === 'count') {
        const value = metric.of(facts);
        if (value !== undefined) this.#sums.set(metric.tag, (this.#sums.get(metric.tag) ?? 0) + value);
      } else if (metric.kind === 'record') {
        const value = metric.recallable ? metric.of(facts) : facts.value(metric);
        if (value === undefined || Number.isNaN(value)) continue;
        this.#column(metric).push(value);
        shown?.push([metric.tag, value * metric.factor]);
      }
    }
  }

  #count(facts: RequestFacts): void {
    const { startNs, endNs, failure, cancelled, dropped } = facts;
    if (startNs < this.#firstStartNs) this.#firstStartNs = startNs;
    if (endNs > this.#lastEndNs) this.#lastEndNs = endNs;
    if (failure === undefined) {
      this.#validCount++;
      if (startNs < this.#firstValidStartNs) this.#firstValidStartNs = startNs;
      const lastContentNs = startNs + (facts.value(requestLatency) ?? Number.NaN);
      if (lastContentNs > this.#lastContentNs) this.#lastContentNs = lastContentNs;
    } else {
      this.#failedCount++;
      if (dropped) this.#droppedCount++;
      else if (cancelled) this.#cancelledCount++;
      const details = JSON.stringify(failure);
      const group = this.#errors.get(details);
      if (group === undefined) this.#errors.set(details, { error: failure, count: 1 });
      else group.count++;
    }
  }

  #results(): MetricResult[] {
    const known = new Map<Metric, Statistics | undefined>();
    const statisticsFor = (metric: Metric): Statistics | undefined => {
      if (!known.has(metric)) known.set(metric, this.#statistics(metric, run));
      return known.get(metric);
    };
    const run: RunValues = {
      durationNs: positive(this.#lastContentNs - this.#firstValidStartNs),
      total: (metric) => {
        const statistics = statisticsFor(metric);
        return metric.kind === 'record' ? statistics?.sum : statistics?.avg;
      },
    };
    return this.#metrics.flatMap((metric) => {
      const statistics = statisticsFor(metric);
      if (statistics === undefined) return [];
      return [{ tag: metric.tag, unit: metric.shownIn, statistics: scaled(statistics, metric.factor) }];
    });
  }

  /** In the metric's own unit. */
  #statistics(metric: Metric, run: RunValues): Statistics | undefined {
    switch (metric.kind) {
      case 'record':
      case 'list':
        return statisticsOf(this.#column(metric).sorted());
      case 'count':
        return single(this.#sums.get(metric.tag));
      case 'derived':
        return single(metric.of(run));
      case 'adjusted':
        return this.#failedCount === 0
          ? undefined
          : failureAdjustedStatistics(this.#column(metric.base).sorted(), this.#failedCount);
    }
  }

  #column(metric: Metric): Column {
    const column = this.#columns.get(metric.tag);
    if (column === undefined) throw new Error(`no column for ${metric.tag}`);
    return column;
  }

  #wall(ns: number): bigint | undefined {
    return Number.isFinite(ns) ? wallNs(this.#origin, ns) : undefined;
  }
}

function isOver(metric: Metric, over: 'valid' | 'failed'): boolean {
  if (metric.kind === 'list') return over === 'valid';
  return (metric.kind === 'record' || metric.kind === 'count') && metric.over === over;
}

function single(value: number | undefined): Statistics | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : { avg: value };
}

function positive(value: number): number | undefined {
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
