import { ListColumn, type Rows } from './column.js';
import { type Interval, percentileInterval } from './confidence.js';
import type { RequestTable } from './request-table.js';
import { percentile, type Statistics, statisticsOf } from './statistics.js';

/** One percentile of a metric over some requests. */
export interface Quantile {
  readonly percent: number;
  readonly value: number;
  /** Undefined where none was asked for. */
  readonly interval: Interval | undefined;
}

/** A metric over some requests, in the unit of the records. */
export interface MetricQuantiles {
  readonly tag: string;
  readonly unit: string;
  readonly statistics: Statistics;
  readonly quantiles: readonly Quantile[];
}

/** What is computed of each metric. */
export interface QuantileOptions {
  readonly percents: readonly number[];
  readonly withIntervals: boolean;
}

/**
 * Statistics and percentiles of a metric.
 * @param tag of a metric row, or the name of any other column. @returns undefined where none of these requests has it.
 */
export function quantilesOf(
  table: RequestTable,
  tag: string,
  rows: Rows,
  { percents, withIntervals }: QuantileOptions,
): MetricQuantiles | undefined {
  const column = table.named(tag);
  if (column === undefined) return undefined;
  const { unit, factor, values } = column;
  const own = table.sorted(column, rows);
  // In the unit of the records before anything is computed: their digits are those that users see.
  const sorted = factor === 1 ? own : Float64Array.from(own, (value) => value * factor);
  const statistics = statisticsOf(sorted);
  if (statistics === undefined) return undefined;
  // The values of one request's list depend on one another, so their number proves nothing.
  const isList = values instanceof ListColumn;
  const interval = (percent: number): Interval =>
    isList ? { low: undefined, high: undefined } : percentileInterval(sorted, percent);
  return {
    tag,
    unit,
    statistics,
    quantiles: percents.map((percent) => ({
      percent,
      value: percentile(sorted, percent),
      interval: withIntervals ? interval(percent) : undefined,
    })),
  };
}
