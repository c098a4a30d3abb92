import { fixed, withCommas } from '../metrics/format.js';
import type { ArrivalFigures, CacheFigures, TraceFigures, ValueStatistics } from '../trace/figures.js';
import { oneLine } from '../util/plain-text.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** Bounds that the picture of sizes and the share of long requests go by, tokens. */
export interface SizeBounds {
  readonly edges: readonly number[];
  readonly long: number;
}

/** The figures of a trace: in words, as a table, and as bars; each line ended by a line feed. */
export function traceReport(name: string, figures: TraceFigures, bounds: SizeBounds, layout: Layout): string {
  const { sizes, requests, arrivals } = figures;
  const lines = [
    ...wrap(`${oneLine(name)}: ${inWords(figures, bounds)}`, layout.width),
    ...statisticsTable(figures, layout),
    ...[...gapLines(figures), ...cacheLines(figures)].flatMap((line) => wrap(line, layout.width)),
    '',
    ...bars('Requests by tokens of prompt and answer', sizeRanges(bounds.edges), sizes, requests, layout),
    ...(arrivals === undefined ? [] : arrivalBars(arrivals, layout)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function inWords({ requests, arrivals, longShare }: TraceFigures, { long }: SizeBounds): string {
  const long40 = `${percent(longShare)} of them over ${whole(long)} tokens`;
  if (arrivals === undefined) return `${whole(requests)} requests without timestamps, ${long40}.`;
  const { durationMs, perSecond, goesBackAtLine } = arrivals;
  const rate = perSecond === undefined ? '' : `, ${withCommas(perSecond)} a second`;
  const order =
    goesBackAtLine === undefined ? '' : ` Timestamps go back at line ${goesBackAtLine}: no gaps are given.`;
  return `${whole(requests)} requests in ${withCommas(durationMs / 1000)} s${rate}, ${long40}.${order}`;
}

function statisticsTable(figures: TraceFigures, layout: Layout): string[] {
  const { italic, cyan, green } = stylesOf(layout);
  const rows: readonly (readonly [string, ValueStatistics | undefined, factor?: number])[] = [
    ['Input length (tokens)', figures.inputLength],
    ['Output length (tokens)', figures.outputLength],
    ['Input + output (tokens)', figures.totalLength],
    ['Context length (tokens)', figures.contextLength],
    ['Unique prompt length (tokens)', figures.uniqueLength],
    ['Cache hit rate (%)', figures.hitRate, 100],
    ['Gap between arrivals (ms)', figures.arrivals?.gaps],
  ];
  const columns = ['mean', 'std', 'min', 'p25', 'median', 'p75', 'p90', 'p95', 'p99', 'max'] as const;
  return drawTable(
    {
      title: 'AIPerf | Trace',
      titleStyle: italic,
      columns: [
        { header: 'Figure', align: 'right', style: cyan, yields: 'at spaces' },
        ...columns.map(
          (header) => ({ header, align: 'right', style: green, yields: 'its padding' }) as const,
        ),
      ],
      rows: rows.map(([label, statistics, factor = 1]) => [
        { text: label },
        ...columns.map((column) => ({
          text: statistics === undefined ? 'N/A' : withCommas(statistics[column] * factor),
        })),
      ]),
    },
    layout.width,
  );
}

function gapLines({ arrivals }: TraceFigures): string[] {
  const { mean = 0, std = 0 } = arrivals?.gaps ?? {};
  if (mean === 0) return [];
  return [
    `Gaps: standard deviation ${withCommas(std / mean)} times the mean; 1 is a Poisson stream, more comes in bursts.`,
  ];
}

function cacheLines({ uniquePrefixes, prefixGroups, prefixReuseRatio, cache }: TraceFigures): string[] {
  if (cache === undefined) return ['No row has hash_ids: nothing is known of what prompts share.'];
  return [
    `Prefixes: ${whole(uniquePrefixes)} distinct; ${whole(prefixGroups)} first ${prefixGroups === 1 ? 'block' : 'blocks'} that several requests begin with; ${percent(prefixReuseRatio)} of all occurrences are of repeated ones.`,
    `Best prefix-cache hit rate: ${percent(cache.infiniteHitRate)} of ${whole(cache.blocks)} blocks with an infinite cache${limitedWords(cache)}.`,
  ];
}

function limitedWords({ limited, blockSize }: CacheFigures): string {
  if (limited === undefined) return '';
  const size = `${whole(limited.blocks)} blocks (${whole(limited.blocks * blockSize)} tokens)`;
  return `, ${percent(limited.hitRate)} with one of ${size} that forgets the least recently used`;
}

function sizeRanges(edges: readonly number[]): string[] {
  return edges.map((edge, i) => {
    const next = edges[i + 1];
    return next === undefined ? `${whole(edge)} and more` : `${whole(edge)} - ${whole(next)}`;
  });
}

function arrivalBars({ windows }: ArrivalFigures, layout: Layout): string[] {
  const { seconds, requests } = windows;
  const isMinutes = seconds % 60 === 0;
  const unit = isMinutes ? 60 : 1;
  const labels = requests.map((_, i) => {
    const [from, to] = [i, i + 1].map((n) => whole((n * seconds) / unit));
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
  const countWidth = Math.max(...counts.map((count) => whole(count).length));
  const barWidth = Math.max(8, Math.min(60, layout.width - labelWidth - countWidth - 16));
  const most = Math.max(...counts, 1);
  return [
    bold(title),
    ...counts.map((count, i) => {
      const label = (labels[i] ?? '').padStart(labelWidth);
      const share = percent(all === 0 ? 0 : count / all).padStart(7);
      return `  ${label}  ${whole(count).padStart(countWidth)}  ${share}  ${cyan(bar(count / most, barWidth))}`.trimEnd();
    }),
  ];
}

/** Eighths of a character, so that small counts are seen; whatever is not zero shows. */
function bar(share: number, width: number): string {
  const eighths = share === 0 ? 0 : Math.max(1, Math.round(share * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + ('▏▎▍▌▋▊▉'[(eighths % 8) - 1] ?? '');
}

function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

function percent(share: number): string {
  return `${fixed(100 * share, 1)} %`;
}
