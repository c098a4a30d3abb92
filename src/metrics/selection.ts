import { Column, ListColumn, SortBuffer } from './column.js';
import { type Interval, percentileInterval } from './confidence.js';
import { percentile, type Statistics, statisticsOf } from './statistics.js';

/** One percentile of a metric over some requests. */
export interface Quantile {
  readonly percent: number;
  readonly value: number;
  /** Undefined where none was asked for. */
  readonly interval: Interval | undefined;
}

/** A metric over some requests, in the unit of the records. */
export interface SelectedMetric {
  readonly tag: string;
  readonly unit: string;
  readonly statistics: Statistics;
  readonly quantiles: readonly Quantile[];
}

/** What is wanted of each metric. */
export interface Wanted {
  readonly percents: readonly number[];
  readonly withIntervals: boolean;
}

/** Values of any metrics, request by request, to be summed up. */
export class Selection {
  readonly #metrics = new Map<string, { readonly unit: string; values: Column | ListColumn }>();
  readonly #buffer = new SortBuffer();
  #rows = 0;

  get requests(): number {
    return this.#rows;
  }

  /** @param metrics values in the same unit for all requests. */
  add(metrics: Iterable<readonly [tag: string, value: number | Float64Array, unit: string]>): void {
    const row = this.#rows++;
    for (const [tag, value, unit] of metrics) {
      let metric = this.#metrics.get(tag);
      if (metric === undefined) {
        metric = { unit, values: typeof value === 'number' ? new Column() : new ListColumn() };
        this.#metrics.set(tag, metric);
      }
      const { values } = metric;
      if (values instanceof Column && typeof value === 'number') values.set(row, value);
      else if (values instanceof ListColumn && typeof value === 'object') values.set(row, value);
    }
  }

  /** Undefined for a metric that no request has. */
  metric(tag: string, { percents, withIntervals }: Wanted): SelectedMetric | undefined {
    const found = this.#metrics.get(tag);
    if (found === undefined) return undefined;
    const sorted = found.values.sorted(undefined, this.#buffer);
    const statistics = statisticsOf(sorted);
    if (statistics === undefined) return undefined;
    // The values of one request's list depend on one another, so their number proves nothing.
    const isList = found.values instanceof ListColumn;
    const interval = (percent: number): Interval =>
      isList ? { low: undefined, high: undefined } : percentileInterval(sorted, percent);
    return {
      tag,
      unit: found.unit,
      statistics,
      quantiles: percents.map((percent) => ({
        percent,
        value: percentile(sorted, percent),
        interval: withIntervals ? interval(percent) : undefined,
      })),
    };
  }
}
