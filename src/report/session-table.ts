import { withCommas } from '../metrics/format.js';
import type { SessionSummary, TurnRow } from '../metrics/session-summary.js';
import { counted, withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

const columns: readonly (readonly [header: string, value: (row: TurnRow) => number | undefined])[] = [
  ['Prompt tokens', ({ promptTokens }) => promptTokens],
  ['Cached tokens', ({ cachedTokens }) => cachedTokens],
  ['Cached (%)', ({ cachedShare }) => (cachedShare === undefined ? undefined : 100 * cachedShare)],
  ['TTFT p50 (ms)', ({ ttft }) => ttft?.p50],
  ['TTFT p99 (ms)', ({ ttft }) => ttft?.p99],
  ['Latency p50 (ms)', ({ latency }) => latency?.p50],
];

const MOST_ON_CONSOLE = 10;

/** Heads and cells of the requests by turn, from turn 1 on: columns that no turn has are left out. */
export function turnCells({ turns }: SessionSummary, most: number): { heads: string[]; rows: string[][] } {
  const shown = columns.filter(([, value]) => turns.some((row) => value(row) !== undefined));
  const cell = (value: number | undefined) => (value === undefined ? 'N/A' : withCommas(value));
  return {
    heads: ['Turn', 'Requests', ...shown.map(([header]) => header)],
    rows: turns
      .slice(0, most)
      .map((row) => [
        `${row.turn + 1}`,
        withThousands(row.requests),
        ...shown.map(([, value]) => cell(value(row))),
      ]),
  };
}

/** How many sessions the figures are of. */
export function sessionSentence({ completed, failed, cutOff }: SessionSummary): string {
  const others = [
    ...(failed === 0 ? [] : [`${withThousands(failed)} with failed requests`]),
    ...(cutOff === 0 ? [] : [`${withThousands(cutOff)} cut off by the end of the run`]),
  ];
  const left = others.length === 0 ? '' : `; not counted: ${others.join(', ')}`;
  return `Sessions with several requests: ${withThousands(completed)} completed${left}.`;
}

/** The requests by their turn; nothing where every session has one. */
export function turnTable(sessions: SessionSummary | undefined, layout: Layout): string[] {
  if (sessions === undefined) return [];
  const { heads, rows } = turnCells(sessions, MOST_ON_CONSOLE);
  const [turn = '', ...others] = heads;
  const hidden = sessions.turns.length - MOST_ON_CONSOLE;
  return [
    ...drawTable(
      {
        title: 'AIPerf | Requests by Turn',
        columns: [
          { header: turn, style: 'cyan' },
          ...others.map((header) => ({ header, yields: 'at spaces' }) as const),
        ],
        rows,
      },
      layout,
    ),
    ...(hidden > 0 ? wrap(`${counted(hidden, 'further turn')}: see the summary JSON.`, layout.width) : []),
    ...wrap(sessionSentence(sessions), layout.width),
  ];
}
