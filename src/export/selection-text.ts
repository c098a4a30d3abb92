import { CONFIDENCE } from '../metrics/confidence.js';
import type { MetricQuantiles } from '../metrics/quantiles.js';
import { Float, type Printable, prettyJson } from '../util/python-json.js';
import { csvRow } from './summary-csv.js';

const stats = ['avg', 'min', 'max', 'std'] as const;

/** What a selection was made by. */
export interface SelectionFacts {
  /** The condition as typed; undefined: all requests. */
  readonly where: string | undefined;
  readonly requests: number;
  /** Those of them that failed or were cancelled. */
  readonly failed: number;
  /** Why the records are those of a part of the run's load; undefined: they are not. */
  readonly incompleteReason: string | undefined;
}

/** A selection as JSON, with a final newline; bounds that there are no samples for are `null`. */
export function selectionJson(
  metrics: readonly MetricQuantiles[],
  { where, requests, failed, incompleteReason }: SelectionFacts,
): string {
  const members = metrics.map(({ tag, unit, statistics, quantiles }): [string, Printable] => {
    const bounds = quantiles.flatMap(({ percent, interval }): [string, Printable][] =>
      interval === undefined ? [] : [[name(percent), [bound(interval.low), bound(interval.high)]]],
    );
    return [
      tag,
      {
        unit,
        count: statistics.count,
        ...Object.fromEntries(stats.map((stat) => [stat, new Float(statistics[stat] ?? 0)])),
        ...Object.fromEntries(quantiles.map(({ percent, value }) => [name(percent), new Float(value)])),
        ...(bounds.length === 0
          ? {}
          : { confidence: { level: new Float(CONFIDENCE), ...Object.fromEntries(bounds) } }),
      },
    ];
  });
  // As in the summary of the run.
  const counts = {
    ...(incompleteReason === undefined ? {} : { is_complete: false, incomplete_reason: incompleteReason }),
    request_count: requests - failed,
    error_request_count: failed,
    completed_request_count: requests,
  };
  return `${prettyJson({ where, ...counts, metrics: Object.fromEntries(members) })}\n`;
}

/** A selection as CSV, every digit written out; bounds that there are no samples for are empty. */
export function selectionCsv(metrics: readonly MetricQuantiles[]): string {
  const quantiles = metrics[0]?.quantiles ?? [];
  const header = [
    ...['Metric', 'Unit', 'count', ...stats],
    ...quantiles.flatMap(({ percent, interval }) => {
      const column = name(percent);
      return interval === undefined ? [column] : [column, `${column}_low`, `${column}_high`];
    }),
  ];
  const rows = metrics.map((metric) => [
    ...[metric.tag, metric.unit, `${metric.statistics.count ?? 0}`],
    ...stats.map((stat) => `${metric.statistics[stat] ?? ''}`),
    ...metric.quantiles.flatMap(({ value, interval }) =>
      interval === undefined ? [`${value}`] : [`${value}`, `${interval.low ?? ''}`, `${interval.high ?? ''}`],
    ),
  ]);
  return [header, ...rows].map(csvRow).join('');
}

function name(percent: number): string {
  return `p${percent}`;
}

function bound(value: number | undefined): Printable {
  return value === undefined ? null : new Float(value);
}
