import { percent, withCommas } from '../metrics/format.js';
import type {
  ArrivalFigures,
  CacheFigures,
  LoadFigures,
  TraceFigures,
  ValueStatistics,
} from '../trace/figures.js';
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
  const { sizes, requests, arrivals, cache } = figures;
  const words = [`${oneLine(name)}: ${countWords(figures)}`, longWords(figures)];
  const lines = [
    ...words.flatMap((line) => wrap(line, layout.width)),
    ...statisticsTables(figures, layout),
    ...[...gapLines(figures), ...sessionLines(figures), ...cacheLines(figures)].flatMap((line) =>
      wrap(line, layout.width),
    ),
    '',
    ...bars('Requests by tokens (prompt + response)', sizeRanges(sizeEdges), sizes, requests, layout),
    ...(arrivals === undefined ? [] : arrivalBars(arrivals, layout)),
    ...(arrivals === undefined ? [] : tokenLines(arrivals.load, layout)),
    ...(cache === undefined ? [] : curveBars(cache, layout)),
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
  const variation = `Inter-arrival CV ${withCommas(std / mean)} (1 = Poisson; higher = burstier)`;
  const { seconds = 1, requests = [] } = arrivals?.load ?? {};
  const peak = Math.max(0, ...requests) / seconds;
  const peakWords =
    requests.length < 2
      ? ''
      : `; peak ${withCommas(peak)} requests/s over ${withThousands(seconds)} s, ${withCommas(peak / (arrivals?.perSecond ?? peak))} times the mean`;
  return mean === 0 ? [] : [`${variation}${peakWords}.`];
}

function sessionLines({ sessions }: TraceFigures): string[] {
  if (sessions === undefined) return [];
  const { count, multiTurnShare, multiTurnRequestShare, turns } = sessions;
  return [
    `${counted(count, 'session')}: ${percent(multiTurnShare)} of several turns, with ${percent(multiTurnRequestShare)} of the requests; turns per session mean ${withCommas(turns.mean)}, p90 ${withCommas(turns.p90)}, max ${withThousands(turns.max)}.`,
  ];
}

function cacheLines({
  uniquePrefixes,
  prefixGroups,
  prefixReuseRatio,
  cache,
  misfitLine,
}: TraceFigures): string[] {
  if (cache === undefined) return ['No row has hash_ids: shared prefixes are unknown.'];
  const { blockSize } = cache;
  return [
    ...(misfitLine === undefined
      ? []
      : [
          `Line ${misfitLine} has more hash_ids than its prompt has blocks of ${withThousands(blockSize)} tokens: figures in tokens are wrong. Set --block-size.`,
        ]),
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

/** Token rates over time as two lines of bars, each relative to its own peak. */
function tokenLines({ seconds, inputTokens, outputTokens }: LoadFigures, layout: Layout): string[] {
  const { bold, cyan } = stylesOf(layout);
  const columns = Math.min(inputTokens.length, Math.max(20, layout.width - 50));
  const lines = [
    { name: 'Input', tokens: inputTokens },
    { name: 'Output', tokens: outputTokens },
  ].map(({ name, tokens }) => {
    const mean = tokens.reduce((sum, count) => sum + count, 0) / tokens.length / seconds;
    const peak = Math.max(...tokens) / seconds;
    const words = `mean ${withThousands(mean)}, peak ${withThousands(peak)}`;
    return `  ${name.padEnd(6)}  ${cyan(sparkline(tokens, columns))}  ${words}`;
  });
  return ['', bold(`Tokens/s of arriving requests, by ${withThousands(seconds)} s`), ...lines];
}

/** A block for each column: its height is the highest of the counts in it, relative to the highest of all. */
function sparkline(counts: readonly number[], columns: number): string {
  const most = Math.max(...counts, 1);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * counts.length) / columns);
    const to = Math.floor(((column + 1) * counts.length) / columns);
    const highest = Math.max(...counts.slice(from, Math.max(to, from + 1)));
    return highest === 0 ? ' ' : '▁▂▃▄▅▆▇█'[Math.ceil((highest / most) * 8) - 1];
  }).join('');
}

const MOST_CURVE_LINES = 12;

/** Hit rates of LRU caches whose sizes are 1, 2 and 5 times powers of 10, the largest ones. */
function curveBars({ blockSize, curve, infiniteHitRate }: CacheFigures, layout: Layout): string[] {
  const round = curve.points
    .filter(({ blocks }) => /^[125]0*$/.test(String(blocks)))
    .slice(-MOST_CURVE_LINES);
  const rows = [...round, { blocks: undefined, hitRate: infiniteHitRate }];
  const labels = rows.map(({ blocks }) =>
    blocks === undefined
      ? 'infinite'
      : `${counted(blocks, 'block')} (${shortCount(blocks * blockSize)} tokens)`,
  );
  const { bold, cyan } = stylesOf(layout);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const barWidth = Math.max(8, Math.min(60, layout.width - labelWidth - 12));
  const sampled =
    curve.sampledShare === 1 ? '' : `, from 1 in ${withThousands(1 / curve.sampledShare)} distinct blocks`;
  return [
    '',
    bold(`Prefix-cache hit rate by LRU cache size${sampled}`),
    ...rows.map(({ hitRate }, i) =>
      `  ${(labels[i] ?? '').padStart(labelWidth)}  ${percent(hitRate).padStart(7)}  ${cyan(bar(hitRate, barWidth))}`.trimEnd(),
    ),
  ];
}

/** `5.1M` */
function shortCount(value: number): string {
  return Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
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
