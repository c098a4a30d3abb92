import { short } from '../../../report/figures.js';
import type { SeriesFigures, SeriesPoint } from '../../messages.js';
import { cell, cutRow, type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

const states: Readonly<
  Record<SeriesPoint['state'], { readonly mark: string; readonly tone: Tone | undefined }>
> = {
  waiting: { mark: '○', tone: 'dim' },
  running: { mark: '●', tone: 'accent' },
  done: { mark: '✓', tone: 'good' },
  failed: { mark: '✗', tone: 'bad' },
};

const figures: readonly {
  readonly head: string;
  readonly of: (point: SeriesFigures) => number | undefined;
}[] = [
  { head: 'Req/s', of: (point) => point.requestsPerSecond },
  { head: 'Output TPS', of: (point) => point.outputTokensPerSecond },
  { head: 'TPS/User', of: (point) => point.tokensPerSecondPerUser },
  { head: 'TTFT p50 ms', of: (point) => point.ttftP50Ms },
  { head: 'TTFT p99 ms', of: (point) => point.ttftP99Ms },
  { head: 'ITL p50 ms', of: (point) => point.itlP50Ms },
  { head: 'ITL p99 ms', of: (point) => point.itlP99Ms },
];

const FIGURE = 12;
const MIN_CELL = 12;
const NOTE = 14;

/** Points of a sweep or of repeats: state, key figures, and which are on the frontier so far. */
export const seriesPanel: Panel = {
  name: 'series',
  title: ({ series }, width) => {
    if (series === undefined) return [span('Sweep', 'title')];
    const { columns, points, frontier, trials } = series;
    if (columns.length === 0) {
      const runs = points.reduce((sum, point) => sum + point.runs, 0);
      return [span('Repeats', 'title'), `  ${runs} of ${trials} runs done`];
    }
    const done = points.filter(({ state }) => state === 'done' || state === 'failed').length;
    const running = points
      .find(({ state }) => state === 'running')
      ?.cells.map((text, i) => `${columns[i]} ${text}`)
      .join(', ');
    const best = frontier.flatMap((i) => points[i]?.cells.join('/') ?? []);
    return cutRow(
      [
        span('Sweep', 'title'),
        `  ${done} of ${points.length} points done`,
        running === undefined ? '' : `, now ${running}`,
        best.length === 0 ? '' : `, frontier so far: ${best.join(', ')}`,
      ],
      width,
    );
  },
  rows: ({ series }) => {
    const points = series?.points.length ?? 0;
    return points === 0 ? { least: 0, most: 0 } : { least: 2, most: points + 1 };
  },
  draw: ({ series }, width, height, scroll) => {
    if (series === undefined) return [];
    const { columns, points, frontier } = series;
    const names = columns.length === 0 ? ['Runs'] : columns;
    const cells = names.map((name) => Math.max(MIN_CELL, name.length + 2));
    const room = width - 2 - cells.reduce((sum, columnsOf) => sum + columnsOf, 0) - NOTE;
    const shown = figures.slice(0, Math.max(2, Math.floor(room / FIGURE)));
    const head: Row = [
      '  ',
      ...names.map((name, i) => span(cell(name, cells[i] ?? 0), 'dim')),
      ...shown.map(({ head: name }) => span(cell(name, FIGURE, 'right'), 'dim')),
    ];
    const rows = points.map((point, i): Row => {
      const { mark, tone } = states[point.state];
      const texts = columns.length === 0 ? [String(point.runs)] : point.cells;
      return [
        span(`${mark} `, tone),
        ...texts.map((text, column) => cell(text, cells[column] ?? MIN_CELL)),
        ...shown.map(({ of }) => figureSpan(point.figures && of(point.figures))),
        ...noteOf(point, frontier.includes(i)),
      ];
    });
    const from = firstRow(points, height - 1, scroll);
    return [head, ...rows.slice(from, from + height - 1)];
  },
};

/** The window of points that holds the running one in its middle, or what a person scrolled to. */
function firstRow(points: readonly SeriesPoint[], height: number, scroll: number): number {
  const current = points.findIndex(({ state }) => state === 'running');
  const from = scroll > 0 || current === -1 ? scroll : current - Math.floor(height / 2);
  return Math.max(0, Math.min(from, points.length - height));
}

function figureSpan(value: number | undefined) {
  const text = value === undefined ? '' : short(value);
  return cell(text, FIGURE, 'right');
}

function noteOf({ failure, figures: of, state }: SeriesPoint, isOnFrontier: boolean): Row {
  if (state === 'failed') return [span(`  failed${failure === undefined ? '' : `: ${failure}`}`, 'bad')];
  if (of?.isClientLimited) return [span('  client limited', 'warn')];
  if (isOnFrontier) return [span('  ★ frontier', 'accent')];
  if (of !== undefined && of.failed > 0) return [span(`  ${of.failed} failed`, 'warn')];
  return [];
}
