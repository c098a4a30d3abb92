import { withCommas } from '../metrics/format.js';
import type { MetricQuantiles, Quantile } from '../metrics/quantiles.js';
import { findMetric } from '../metrics/table.js';
import { withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import { joinLines, wrap } from './wrap.js';

/** What a selection was made by. */
export interface SelectionHead {
  /** The condition as typed; undefined: all requests. */
  readonly where: string | undefined;
  /** Requests that it leaves, of all. */
  readonly requests: number;
  readonly all: number;
}

/** Metrics of some requests with any percentiles; each line ended by a line feed. */
export function selectionTable(
  metrics: readonly MetricQuantiles[],
  head: SelectionHead,
  layout: Layout,
): string {
  const quantiles = metrics[0]?.quantiles ?? [];
  const isOpen = metrics.some((metric) =>
    metric.quantiles.some(({ interval }) => interval && Object.values(interval).includes(undefined)),
  );
  const lines = drawTable(
    {
      title: `AIPerf | ${title(head)}`,
      columns: [
        { header: 'Metric', style: 'cyan', yields: 'at spaces' },
        ...['count', 'avg', ...quantiles.map(({ percent }) => `p${percent}`)].map(
          (header) => ({ header, yields: 'its padding' }) as const,
        ),
      ],
      rows: metrics.map((metric) => [
        `${labelOf(metric.tag)} (${metric.unit})`,
        withThousands(metric.statistics.count ?? 0),
        withCommas(metric.statistics.avg ?? 0),
        ...metric.quantiles.map(cell),
      ]),
    },
    layout,
  );
  const notes = quantiles.some(({ interval }) => interval !== undefined)
    ? [
        'Below each percentile: the interval that holds the true one in 95 of 100 runs, from order statistics.',
        ...(isOpen
          ? ['?: too few values for that bound, or several of one request, which prove no bound.']
          : []),
      ].flatMap((note) => wrap(note, layout.width))
    : [];
  return joinLines([...lines, ...notes]);
}

function title({ where, requests, all }: SelectionHead): string {
  if (where === undefined) return `${withThousands(all)} requests`;
  return `${withThousands(requests)} of ${withThousands(all)} requests: ${where}`;
}

function labelOf(tag: string): string {
  return findMetric(tag)?.label ?? tag;
}

function cell({ value, interval }: Quantile): string {
  if (interval === undefined) return withCommas(value);
  const [low, high] = [interval.low, interval.high].map((bound) =>
    bound === undefined ? '?' : withCommas(bound),
  );
  return `${withCommas(value)}\n${low} - ${high}`;
}
