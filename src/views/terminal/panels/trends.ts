import { short } from '../../../report/figures.js';
import { columnChart } from '../bars.js';
import { grid, type Row, span, type Tone } from '../rows.js';
import type { TrendPoint } from '../trend.js';
import type { Panel } from './panel.js';

interface Trend {
  readonly label: string;
  readonly unit: string;
  readonly tone: Tone;
  readonly of: (point: TrendPoint) => number | undefined;
}

const ttft: Trend = { label: 'TTFT p50', unit: 'ms', tone: 'accent', of: ({ ttftP50 }) => ttftP50 };
const itl: Trend = { label: 'ITL p50', unit: 'ms', tone: 'accent', of: ({ itlP50 }) => itlP50 };
const tokens: Trend = {
  ...{ label: 'Output', unit: 'tok/s', tone: 'good' },
  of: ({ outputTokensPerSecond }) => outputTokensPerSecond,
};
const requests: Trend = {
  ...{ label: 'Requests', unit: 'req/s', tone: 'good' },
  of: ({ requestsPerSecond }) => requestsPerSecond,
};
const errors: Trend = { label: 'Errors', unit: '/s', tone: 'bad', of: ({ newFailures }) => newFailures };

const LABEL = 9;
const VALUE = 13;
/** A chart shows at least this many seconds: on narrow screens a column is several. */
const MIN_SECONDS = 60;
/** Rows of a chart on a high screen. */
const MAX_CHART_ROWS = 9;

/** The last seconds of TTFT, ITL, throughput and errors, two charts side by side. */
export const trendsPanel: Panel = {
  name: 'trends',
  title: ({ trend }, width) => {
    const columns = chartColumns(width);
    const seconds = Math.min(trend.length, columns * secondsPerColumn(columns));
    return [span('Trends', 'title'), span(seconds === 0 ? '' : `  last ${seconds} s`, 'dim')];
  },
  rows: () => ({ least: 2, most: 2 * MAX_CHART_ROWS, step: 2 }),
  draw: ({ trend, run }, width, height) => {
    const chartRows = Math.max(1, Math.floor(height / 2));
    // Without streaming there is no token to wait for.
    const [latency, rate] = run?.streaming === false ? [requests, tokens] : [ttft, tokens];
    const second = run?.streaming === false ? errors : itl;
    const pairs = [[latency, rate], run?.streaming === false ? [second] : [second, errors]];
    return pairs.flatMap((pair) => chartRow(pair, trend, width, chartRows));
  },
};

/** Charts side by side. */
function chartRow(pair: readonly Trend[], points: readonly TrendPoint[], width: number, rows: number): Row[] {
  const charts = pair.map((trend) => chartOf(trend, points, chartColumns(width), rows));
  return Array.from({ length: rows }, (_, row) =>
    grid(
      charts.map((chart) => chart[row] ?? []),
      2,
      width,
    ),
  ).flat();
}

/** A chart with its label and latest value beside its last row. */
function chartOf(
  { label, unit, tone, of }: Trend,
  points: readonly TrendPoint[],
  columns: number,
  rows: number,
): Row[] {
  const values = points.map(of);
  const latest = values.at(-1);
  const value = latest === undefined ? 'N/A' : `${short(latest)} ${unit}`;
  return columnChart(columnsOf(points, of, secondsPerColumn(columns)), columns, rows).map((line, row) => {
    const isLast = row === rows - 1;
    return [
      span((isLast ? label : '').padEnd(LABEL), 'dim'),
      span(line, tone),
      (isLast ? value : '').padStart(VALUE),
    ];
  });
}

function chartColumns(width: number): number {
  return Math.floor((width - 2) / 2) - LABEL - VALUE;
}

function secondsPerColumn(columns: number): number {
  return Math.ceil(MIN_SECONDS / columns);
}

/** Means over columns that begin at multiples of their length: a column that has passed does not change. */
function columnsOf(points: readonly TrendPoint[], of: Trend['of'], seconds: number): (number | undefined)[] {
  const columns: (number | undefined)[] = [];
  let sum = 0;
  let count = 0;
  for (const [i, point] of points.entries()) {
    const value = of(point);
    if (value !== undefined) {
      sum += value;
      count++;
    }
    const column = Math.floor(point.second / seconds);
    const next = points[i + 1];
    if (next !== undefined && Math.floor(next.second / seconds) === column) continue;
    columns.push(count === 0 ? undefined : sum / count);
    sum = 0;
    count = 0;
  }
  return columns;
}
