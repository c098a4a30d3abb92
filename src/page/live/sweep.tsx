import { useEffect, useRef } from 'preact/hooks';
import type { Theme } from '../../charts/theme.js';
import { durationWords, percentWords, short } from '../../report/figures.js';
import type { SeriesFigures, SeriesPoint, SeriesState } from '../../views/messages.js';
import { drawFrontier } from './frontier.js';
import { type Column, Part, Table } from './parts.js';

interface Row extends SeriesPoint {
  readonly index: number;
  readonly isOnFrontier: boolean;
}

/** The points of a sweep, or its repeats, and the frontier so far. */
export function Sweep({ series, theme }: { readonly series: SeriesState; readonly theme: Theme }) {
  const { points, frontier, trials } = series;
  const done = points.filter(({ state }) => state === 'done').length;
  const failed = points.filter(({ state }) => state === 'failed').length;
  const isSweep = series.columns.length > 0;
  const runs = points.reduce((sum, point) => sum + point.runs, 0);
  const note = isSweep
    ? [
        `${done} of ${points.length} points done`,
        ...(failed === 0 ? [] : [`${failed} failed`]),
        ...(trials === 1 ? [] : [`${trials} runs each`]),
      ].join(', ')
    : `${runs} of ${trials} runs done`;
  const rows = points.map((point, index) => ({ ...point, index, isOnFrontier: frontier.includes(index) }));
  return (
    <Part id="sweep" title={isSweep ? 'Sweep' : 'Repeats'} note={note}>
      <progress
        max={isSweep ? points.length : trials}
        value={isSweep ? done + failed : runs}
        aria-label={isSweep ? 'Points done' : 'Runs done'}
      >
        {note}
      </progress>
      <div class="sweep">
        <Table
          caption="Points of the sweep"
          columns={columnsOf(series)}
          rows={rows}
          keyOf={({ index }) => index}
          toneOf={({ state }) => state}
        />
        {isSweep && <Frontier series={series} theme={theme} />}
      </div>
    </Part>
  );
}

const stateWords = { waiting: 'waiting', running: 'running', done: 'done', failed: 'failed' } as const;

function columnsOf({ columns, trials, points }: SeriesState): readonly Column<Row>[] {
  const figure = (
    title: string,
    name: keyof SeriesFigures,
    text: (value: number) => string,
  ): Column<Row>[] =>
    points.every(({ figures }) => typeof figures?.[name] !== 'number')
      ? []
      : [
          {
            title,
            cell: ({ figures }) => {
              const value = figures?.[name];
              return typeof value === 'number' ? text(value) : <span class="none">–</span>;
            },
          },
        ];
  return [
    {
      title: columns.length === 0 ? 'Point' : columns.join(', '),
      cell: ({ cells, index }) => (cells.length === 0 ? `${index + 1}` : cells.join(', ')),
    },
    {
      title: 'State',
      cell: ({ state, runs, isOnFrontier, failure, figures }) => (
        <>
          <span class={`state ${state}`} title={failure}>
            {stateWords[state]}
            {trials > 1 && ` ${runs}/${trials}`}
          </span>
          {isOnFrontier && (
            <span class="on-frontier" title="On the frontier so far">
              {' '}
              frontier
            </span>
          )}
          {figures?.isClientLimited === true && <span class="limited"> client limited</span>}
        </>
      ),
    },
    ...figure('Requests/s', 'requestsPerSecond', short),
    ...figure('Tokens/s', 'outputTokensPerSecond', short),
    ...figure('Tokens/s/user', 'tokensPerSecondPerUser', short),
    ...figure('TTFT p50', 'ttftP50Ms', durationWords),
    ...figure('TTFT p99', 'ttftP99Ms', durationWords),
    ...figure('ITL p50', 'itlP50Ms', durationWords),
    ...figure('ITL p99', 'itlP99Ms', durationWords),
    ...figure('Latency p50', 'latencyP50Ms', durationWords),
    ...figure('Latency p99', 'latencyP99Ms', durationWords),
    ...figure('SLOs met', 'goodShare', percentWords),
    ...figure('Failed', 'failed', (failed) => failed.toLocaleString('en-US')),
  ];
}

/** Throughput against tokens/s per user; points on the frontier are connected. */
function Frontier({ series, theme }: { readonly series: SeriesState; readonly theme: Theme }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const draw = () => drawFrontier(current, series, theme);
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(current);
    return () => resized.disconnect();
  }, [series, theme]);
  const measured = series.points.filter(({ figures }) => figures !== undefined).length;
  return (
    <figure class="live-chart frontier">
      <figcaption>
        <span class="title">Frontier so far</span>
        <span class="legend">
          {measured < 2 ? 'It appears with the first two points.' : 'Up and to the right is better.'}
        </span>
      </figcaption>
      <div
        ref={box}
        class="canvas"
        role="img"
        aria-label={`Output tokens per second against tokens per second per user of ${measured} points`}
      />
    </figure>
  );
}
