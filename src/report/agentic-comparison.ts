import { withCommas } from '../metrics/format.js';
import type { Quality, QualityFigure } from '../trace/agentic/quality.js';
import type { ValueStatistics } from '../trace/value-counts.js';
import { withThousands } from '../util/counted.js';

/** A line of the comparison: what was asked for, what came, and the difference in percent. */
type ComparisonRow = readonly [label: string, target: string, dataset: string, error: string];

/** Rows under a heading. */
export interface ComparisonPart {
  readonly title: string;
  readonly rows: readonly ComparisonRow[];
}

const titles: Readonly<Record<QualityFigure['name'], string>> = {
  initial_context: 'Initial Context (tokens)',
  new_tokens_per_turn: 'New Tokens Per Turn',
  generation_length: 'Generation Length (tokens)',
  inter_turn_delay_ms: 'Inter-Turn Delay (ms)',
  turns_per_session: 'Turns Per Session',
};
const spread = ['p5', 'p25', 'p75', 'p95', 'p99'] as const;

/** Settings and result of a synthesized data set, one against the other. */
export function comparisonParts(
  quality: Quality,
  rates: { prefill: number; decode: number },
): ComparisonPart[] {
  const { ends, durationMinutes, cachedShare } = quality;
  return [
    ...quality.figures.flatMap(({ name, target, observed }) =>
      observed === undefined ? [] : [{ title: titles[name], rows: rowsOf(target, observed) }],
    ),
    {
      title: `Session Duration (minutes, estimated at ${withThousands(rates.prefill)} prefill and ${rates.decode} decode tokens/s)`,
      rows:
        durationMinutes === undefined
          ? []
          : [row('mean', durationMinutes.mean), row('median', durationMinutes.median)],
    },
    {
      title: 'Prefix Cache',
      rows: [['hit rate of an unlimited cache', '-', `${(100 * cachedShare).toFixed(1)} %`, '']],
    },
    {
      title: 'Session Endings',
      rows: [
        count('context limit', ends.context),
        count('reset', ends.reset),
        count('number of turns', ends.turns),
        count('restart', ends.restart),
      ],
    },
  ];
}

/** The comparison as a text of 76 columns. */
export function comparisonText(
  quality: Quality,
  parts: readonly ComparisonPart[],
  blockSize: number,
): string {
  const line = ([label, target, dataset, error]: ComparisonRow) =>
    `  ${label.padEnd(38)}${target.padStart(12)}${dataset.padStart(12)}${error.padStart(9)}`.trimEnd();
  return [
    'Agentic Code Session Profile: Target vs Synthesized Dataset',
    '='.repeat(60),
    '',
    `${withThousands(quality.sessions)} sessions | ${withThousands(quality.turns)} turns | block_size=${blockSize}`,
    '',
    `${' '.repeat(40)}${'Target'.padStart(12)}${'Dataset'.padStart(12)}${'Error'.padStart(9)}`,
    '-'.repeat(76),
    ...parts.flatMap(({ title, rows }) => [title, ...rows.map(line), '']),
  ].join('\n');
}

function rowsOf(target: QualityFigure['target'], observed: ValueStatistics): ComparisonRow[] {
  return [
    row('mean', observed.mean, target?.mean),
    row('median', observed.median, target?.median),
    ...spread.map((name) => row(name, observed[name])),
  ];
}

function row(label: string, dataset: number, target?: number): ComparisonRow {
  if (target === undefined) return [label, '-', withCommas(dataset), ''];
  const error = target === 0 ? 0 : (100 * (dataset - target)) / target;
  return [label, withThousands(target), withCommas(dataset), `${error < 0 ? '' : '+'}${error.toFixed(1)}%`];
}

function count(label: string, sessions: number): ComparisonRow {
  return [label, '-', withThousands(sessions), ''];
}
