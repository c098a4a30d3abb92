import type { ConsoleTable, Metric } from '../metrics/metric.js';
import { type MetricResult, type Results, statsOf } from '../metrics/results.js';
import { requestErrorRate, requestFailureRate } from '../metrics/run-metrics.js';
import type { StatName } from '../metrics/statistics.js';
import { metricOf } from '../metrics/table.js';
import type { Layout } from './layout.js';
import { type Column, drawTable, figureCell } from './table.js';

/** The statistics of a table of metrics. */
export const statisticsShown: readonly StatName[] = ['avg', 'min', 'max', 'p99', 'p90', 'p50', 'std'];

/** What a narrow terminal can do without, the first to go with the highest number; files have everything. */
const expendable: { readonly [Name in StatName]?: number } = { std: 4, min: 3, p90: 2, max: 1 };

/** Longer labels have their unit on a second line. */
const LONGEST_LABEL_WITH_UNIT = 30;

/** One console table of metrics, rows by their order; no lines when the run has none of its metrics. */
export function metricsTable(results: Results, table: ConsoleTable, title: string, layout: Layout): string[] {
  const rows = metricRows(results, table);
  if (rows.length === 0) return [];
  return drawTable(
    {
      title,
      columns: statisticColumns('Metric'),
      rows: rows.map(({ result, metric }) => [
        labelWithUnit(metric.label, result.unit),
        ...statisticsShown.map((name) => figureCell(result.statistics[name])),
      ]),
    },
    layout,
  );
}

/** The results that a table shows, in the order of its rows. */
export function metricRows(
  results: Results,
  table: ConsoleTable,
): { readonly result: MetricResult; readonly metric: Metric }[] {
  // With planned cancellations AIPerf's rate, which counts them as errors, stays in the files.
  const hasFailureRate = statsOf(results, requestFailureRate) !== undefined;
  return results
    .filter(({ tag }) => !(hasFailureRate && tag === requestErrorRate.tag))
    .map((result) => ({ result, metric: metricOf(result.tag) }))
    .filter(({ metric }) => metric.table === table)
    .sort((a, b) => (a.metric.order ?? 0) - (b.metric.order ?? 0));
}

/** A column of names, and one for each statistic. */
export function statisticColumns(header: string): readonly Column[] {
  return [
    { header, style: 'cyan', yields: 'at spaces' },
    ...statisticsShown.map(
      (name) => ({ header: name, yields: 'its padding', expendable: expendable[name] ?? 0 }) as const,
    ),
  ];
}

/** `Request Latency (ms)`; the unit of a long label is on a line of its own. */
export function labelWithUnit(label: string, unit: string): string {
  return `${label}${label.length > LONGEST_LABEL_WITH_UNIT ? '\n' : ' '}(${unit})`;
}
