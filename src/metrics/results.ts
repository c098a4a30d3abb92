import type { Rows, Sorted } from './column.js';
import type { CurveStatistics } from './curves.js';
import type { DerivedMetric, Metric, RunValues } from './metric.js';
import { requestLatency } from './request-metrics.js';
import type { RequestTable } from './request-table.js';
import type { SessionFacts } from './sessions.js';
import { failureAdjustedStatistics, type Statistics, scaled, statisticsOf } from './statistics.js';

/** A metric's result, in its display unit. */
export interface MetricResult {
  readonly tag: string;
  readonly unit: string;
  readonly statistics: Statistics;
}

/**
 * Results of a run, a slice or a selection, live or read from a file, in the order of the table (or file): metrics
 * without a value are left out. Plain data, so that threads can send it; `statsOf` looks a metric up.
 */
export type Results = readonly MetricResult[];

/** Statistics of a metric; undefined where there is no result of it. */
export function statsOf(results: Results, { tag }: Metric): Statistics | undefined {
  return results.find((result) => result.tag === tag)?.statistics;
}

/** Some requests, and which results to compute over them. */
export interface RowSelection {
  readonly rows: Rows;
  /** What rates are computed over; absent: from the first start to the last content chunk. */
  readonly windowNs?: number;
  /** In this order; absent: all. */
  readonly metrics?: readonly Metric[];
  /** Curves over the same time; absent: no result has curves. */
  readonly curves?: CurveStatistics | undefined;
  /** Of the whole run; absent: no result is about sessions. */
  readonly sessions?: readonly SessionFacts[];
}

/** Results over some requests, in display units. Sorts every value: meant for the end of a run. */
export function resultsOver(
  table: RequestTable,
  { rows, windowNs, metrics = table.metrics, curves, sessions = [] }: RowSelection,
): Results {
  const { durationNs, failures } = countedTime(table, rows);
  return resultsBy(metrics, { durationNs, rateNs: windowNs ?? durationNs }, (metric) => {
    switch (metric.kind) {
      case 'record':
      case 'list':
        return statisticsOf(table.sorted(metric, rows));
      case 'count':
        return single(table.column(metric)?.total(rows));
      case 'calibrated':
        return calibrated(metric.base && table.sorted(metric.base, rows), table.networkRttNs);
      case 'adjusted':
        return failures === 0
          ? undefined
          : failureAdjustedStatistics(table.sorted(metric.base, rows), failures);
      case 'curve':
        return curves?.get(metric.tag);
      case 'power':
        return undefined;
      case 'session': {
        const values = sessions.flatMap((one) => (one.isComplete ? (metric.compute(one) ?? []) : []));
        return statisticsOf(Float64Array.from(values).sort());
      }
    }
  });
}

/** What totals and rates of a run are computed over; undefined unless positive. */
interface CountedTime {
  /** First valid start to the last content chunk. */
  readonly durationNs: number | undefined;
  /** What rates are computed over. */
  readonly rateNs: number | undefined;
}

/**
 * Results in display units, in the order of the metrics, from the statistics of those that are not derived from others.
 * @param statisticsWithin in the metric's own unit; called once for each metric.
 */
export function resultsBy(
  metrics: readonly Metric[],
  { durationNs, rateNs }: CountedTime,
  statisticsWithin: (metric: Exclude<Metric, DerivedMetric>) => Statistics | undefined,
): Results {
  const known = new Map<Metric, Statistics | undefined>();
  const statisticsFor = (metric: Metric): Statistics | undefined => {
    if (!known.has(metric))
      known.set(metric, metric.kind === 'derived' ? single(metric.compute(run)) : statisticsWithin(metric));
    return known.get(metric);
  };
  const run: RunValues = {
    durationNs,
    total: (metric) => {
      const statistics = statisticsFor(metric);
      return metric.kind === 'record' ? statistics?.sum : statistics?.avg;
    },
    statistic: (metric, name) => statisticsFor(metric)?.[name],
    perSecond: (total) => (total === undefined || rateNs === undefined ? undefined : total / (rateNs * 1e-9)),
  };
  return metrics.flatMap((metric) => {
    const statistics = statisticsFor(metric);
    if (statistics === undefined) return [];
    return [{ tag: metric.tag, unit: metric.displayUnit, statistics: scaled(statistics, metric.factor) }];
  });
}

/** Statistics of latencies without the round-trip time; without latencies, of that time alone. */
function calibrated(sorted: Sorted | undefined, rttNs: number | undefined): Statistics | undefined {
  if (rttNs === undefined) return undefined;
  if (sorted !== undefined) return statisticsOf(Float64Array.from(sorted, (ns) => Math.max(0, ns - rttNs)));
  const { count: _, ...statistics } = statisticsOf(Float64Array.of(rttNs)) ?? {};
  return statistics;
}

/** Time from the first valid start to the last content chunk, and the number of failures but planned cancellations. */
function countedTime(table: RequestTable, rows: Rows): { durationNs: number | undefined; failures: number } {
  let firstNs = Number.POSITIVE_INFINITY;
  let lastNs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const latencies = table.column(requestLatency);
  const count = rows?.length ?? table.length;
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : (rows[i] ?? 0);
    const outcome = table.outcome(row);
    if (outcome === 'failed') failures++;
    if (outcome !== 'succeeded') continue;
    const startNs = table.startNs(row);
    const contentEndNs = startNs + (latencies?.at(row) ?? Number.NaN);
    if (startNs < firstNs) firstNs = startNs;
    if (contentEndNs > lastNs) lastNs = contentEndNs;
  }
  return { durationNs: positive(lastNs - firstNs), failures };
}

function single(value: number | undefined): Statistics | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : { avg: value };
}

function positive(value: number): number | undefined {
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
