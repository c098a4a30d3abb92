import { percent, withCommas } from '../metrics/format.js';
import type { ArrivalFigures, CacheFigures, TraceFigures, ValueStatistics } from '../trace/figures.js';
import { counted, withThousands } from '../util/counted.js';
import { oneLine } from '../util/plain-text.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';
import { joinLines, wrap } from './wrap.js';

/** The figures of a trace: in words, as a table, and as bars; each line ended by a line feed. */
export function traceReport(
  name: string,
  figures: TraceFigures,
  sizeEdges: readonly number[],
  layout: Layout,
): string {
  const { sizes, requests, arrivals } = figures;
  const words = [`${oneLine(name)}: ${countWords(figures)}`, longWords(figures)];
  const lines = [
    ...words.flatMap((line) => wrap(line, layout.width)),
    ...statisticsTables(figures, layout),
    ...[...gapLines(figures), ...cacheLines(figures)].flatMap((line) => wrap(line, layout.width)),
    '',
    ...bars('Requests by tokens (prompt + response)', sizeRanges(sizeEdges), sizes, requests, layout),
    ...(arrivals === undefined ? [] : arrivalBars(arrivals, layout)),
  ];
  return joinLines(lines);
}

function countWords({ requests, arrivals }: TraceFigures): string {
  if (arrivals === undefined) return `${counted(requests, 'request')} without timestamps.`;
  const { durationMs, perSecond, goesBackAtLine } = arrivals;
  const rate =
    perSecond === undefined
      ? ''
      : ` (${withCommas(perSecond * 60)} requests/min, ${withCommas(perSecond)} requests/s)`;
  const order =
    goesBackAtLine === undefined ? '' : ` Timestamps go back at line ${goesBackAtLine}: no gaps are given.`;
  return `${counted(requests, 'request')} in ${withCommas(durationMs / 1000)} s${rate}.${order}`;
}

function longWords({ longShares }: TraceFigures): string {
  const shares = longShares.map(({ tokens, share }) => `above ${withThousands(tokens)}: ${percent(share)}`);
  return `Large requests (prompt + response tokens): ${shares.join('; ')}.`;
}

/** Two tables, so that each fits 80 columns: lengths, and what is not in tokens. */
function statisticsTables(figures: TraceFigures, layout: Layout): string[] {
  return [
    ...statisticsTable('AIPerf | Trace Lengths (tokens)', layout, [
      { header: 'Input', of: figures.inputLength },
      { header: 'Output', of: figures.outputLength },
      { header: 'Total', of: figures.totalLength },
      { header: 'Shared context', of: figures.contextLength },
      { header: 'Unique prompt', of: figures.uniqueLength },
    ]),
    ...statisticsTable('AIPerf | Trace Cache Hits and Arrivals', layout, [
      { header: 'Cache hit rate (%)', of: figures.hitRate, factor: 100 },
      { header: 'Gap between arrivals (ms)', of: figures.arrivals?.gaps },
    ]),
  ];
}

interface StatisticsColumn {
  readonly header: string;
  readonly of: ValueStatistics | undefined;
  readonly factor?: number;
}

function statisticsTable(title: string, layout: Layout, columns: readonly StatisticsColumn[]): string[] {
  const rows = ['mean', 'std', 'min', 'p25', 'median', 'p75', 'p90', 'p95', 'p99', 'max'] as const;
  return drawTable(
    {
      title,
      columns: [
        { header: 'Statistic', style: 'cyan' },
        ...columns.map(({ header }) => ({ header, yields: 'at spaces' }) as const),
      ],
      rows: rows.map((row) => [
        row,
        ...columns.map(({ of, factor = 1 }) => (of === undefined ? 'N/A' : withCommas(of[row] * factor))),
      ]),
    },
    layout,
  );
}

function gapLines({ arrivals }: TraceFigures): string[] {
  const { mean = 0, std = 0 } = arrivals?.gaps ?? {};
  return mean === 0 ? [] : [`Inter-arrival CV ${withCommas(std / mean)} (1 = Poisson; higher = burstier).`];
}

function cacheLines({ uniquePrefixes, prefixGroups, prefixReuseRatio, cache }: TraceFigures): string[] {
  if (cache === undefined) return ['No row has hash_ids: shared prefixes are unknown.'];
  return [
    `Prefixes: ${withThousands(uniquePrefixes)} distinct; ${withThousands(prefixGroups)} first ${prefixGroups === 1 ? 'block is' : 'blocks are'} shared by several requests; ${percent(prefixReuseRatio)} of all occurrences are repeats.`,
    `Best prefix-cache hit rate: ${percent(cache.infiniteHitRate)} of ${withThousands(cache.blocks)} blocks with an infinite cache${limitedWords(cache)}.`,
  ];
}

function limitedWords({ limited, blockSize }: CacheFigures): string {
  if (limited === undefined) return '';
  return `, ${percent(limited.hitRate)} with a ${withThousands(limited.blocks)}-block LRU cache (${withThousands(limited.blocks * blockSize)} tokens)`;
}

function sizeRanges(edges: readonly number[]): string[] {
  return edges.map((edge, i) => {
    const next = edges[i + 1];
    return next === undefined
      ? `${withThousands(edge)} and more`
      : `${withThousands(edge)} - ${withThousands(next)}`;
  });
}

function arrivalBars({ windows }: ArrivalFigures, layout: Layout): string[] {
  const { seconds, requests } = windows;
  const isMinutes = seconds % 60 === 0;
  const unit = isMinutes ? 60 : 1;
  const labels = requests.map((_, i) => {
    const [from, to] = [i, i + 1].map((n) => withThousands((n * seconds) / unit));
    return `${from} - ${to}`;
  });
  const all = requests.reduce((sum, count) => sum + count, 0);
  return [
    '',
    ...bars(`Arrivals by ${isMinutes ? 'minute' : 'second'} of the trace`, labels, requests, all, layout),
  ];
}

/** A line for each count: its range, itself, its share and a bar; the longest bar fills what the line leaves. */
function bars(
  title: string,
  labels: readonly string[],
  counts: readonly number[],
  all: number,
  layout: Layout,
): string[] {
  const { bold, cyan } = stylesOf(layout);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const countWidth = Math.max(...counts.map((count) => withThousands(count).length));
  const barWidth = Math.max(8, Math.min(60, layout.width - labelWidth - countWidth - 16));
  const most = Math.max(...counts, 1);
  return [
    bold(title),
    ...counts.map((count, i) => {
      const label = (labels[i] ?? '').padStart(labelWidth);
      const share = percent(all === 0 ? 0 : count / all).padStart(7);
      return `  ${label}  ${withThousands(count).padStart(countWidth)}  ${share}  ${cyan(bar(count / most, barWidth))}`.trimEnd();
    }),
  ];
}

/** Eighths of a character, so that small counts are seen; whatever is not zero shows. */
function bar(share: number, width: number): string {
  const eighths = share === 0 ? 0 : Math.max(1, Math.round(share * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + ('▏▎▍▌▋▊▉'[(eighths % 8) - 1] ?? '');
}
