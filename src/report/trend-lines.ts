import { percent, withCommas } from '../metrics/format.js';
import { goodput } from '../metrics/goodput-metrics.js';
import type { Metric } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import { outputTokenThroughput, requestThroughput } from '../metrics/run-metrics.js';
import { type SliceRange, sliceRanges, sliceSecondsForTrends } from '../metrics/slice-ranges.js';
import type { SlicedRun } from '../metrics/sliced-run.js';
import type { Slice } from '../metrics/slices.js';
import type { Statistics, StatName } from '../metrics/statistics.js';
import { FEWEST_SLICES, type Finding, type MetricTrend } from '../metrics/trends.js';
import { counted } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable, figureCell } from './table.js';
import { wrap } from './wrap.js';

/** What the slices show of the run over time, in words, and its steady part next to the whole run. */
export function trendLines(summary: RunSummary, sliced: SlicedRun, layout: Layout): string[] {
  const { trends, steady } = sliced;
  const lines = trendBlocks(sliced)
    .flatMap(({ head, sentences }) => [head, ...sentences.map((text) => `  ${text}`)])
    .flatMap((line) => wrap(line, layout.width, 4));
  if (steady === undefined || trends.steadyFrom === undefined) return lines;
  return [...lines, ...steadyTable(summary.results, steady, trends.steadyFrom, layout)];
}

/** Sentences about one thing. */
export interface TrendBlock {
  readonly head: string;
  readonly sentences: readonly string[];
}

/** First what the slices are, which is always there; then what can be claimed of them, which takes enough slices. */
export function trendBlocks({ slices, trends }: SlicedRun): TrendBlock[] {
  const ranges = sliceRanges(slices);
  const { completeSlices, metrics, steadyFrom } = trends;
  const complete = counted(completeSlices, 'complete slice');
  const description = {
    head: `Over ${complete}, by the averages of each (variation: (max - min) / min):`,
    sentences: [...ranges.map(rangeSentence), coldStartSentence(ranges)],
  };
  const isKnown = metrics.length > 0 && metrics.every(({ findings }) => findings !== undefined);
  return [
    ...(ranges.length === 0 ? [] : [description]),
    completeSlices < FEWEST_SLICES
      ? { head: tooFew(complete, completeSlices, slices), sentences: [] }
      : {
          head: `Trends over ${complete}, by the medians of each:`,
          sentences: [
            ...metrics.flatMap(metricSentences),
            ...(isKnown && steadyFrom === undefined
              ? ['No steady state: no part of the run that lasts to its end is steady.']
              : []),
          ],
        },
  ];
}

function tooFew(complete: string, count: number, slices: readonly Slice[]): string {
  const seconds = sliceSecondsForTrends(slices);
  const hint = seconds === undefined ? '' : `; try --slice-duration ${seconds}`;
  return `${complete} ${count === 1 ? 'is' : 'are'} too few for a trend test (${FEWEST_SLICES} needed)${hint}.`;
}

function rangeSentence({ metric, min, max, first, last }: SliceRange): string {
  const variation = min > 0 ? `, variation ${percent((max - min) / min)}` : '';
  return (
    `${metric.label}: ${withCommas(min)} to ${withCommas(max)} ${metric.displayUnit}${variation}; ` +
    `first slice ${withCommas(first)}, last slice ${withCommas(last)}${changeWords(last, first)}.`
  );
}

function coldStartSentence(ranges: readonly SliceRange[]): string {
  const parts = ranges.flatMap(({ metric, first, others }) =>
    others > 0 ? [`${metric.label} ${change(first / others - 1)}`] : [],
  );
  return `Cold start, first slice against the mean of the others: ${parts.join(', ')}.`;
}

/** ` (-12.9 %)`; nothing where there is nothing to compare with. */
function changeWords(value: number, against: number): string {
  return against > 0 ? ` (${change(value / against - 1)})` : '';
}

function metricSentences({ label, slices, findings, drift }: MetricTrend): string[] {
  if (findings === undefined) {
    return [`${label}: too few slices for a trend test: ${slices} have it, ${FEWEST_SLICES} are needed.`];
  }
  const found = findings.map((finding) => `${label}: ${sentence(finding)}`);
  if (drift === undefined) return [...found, `${label}: too few slices are left to test for a drift.`];
  const isDrifting = findings.some(({ kind }) => kind === 'drift');
  const rest = isDrifting ? 'drift' : `${findings.length === 0 ? 'no' : 'otherwise no'} significant trend`;
  const over = `${change(drift.change)} over ${seconds(drift.seconds)} s`;
  return [...found, `${label}: ${rest}: ${over} (95 % CI ${change(drift.low)} to ${change(drift.high)}).`];
}

function sentence(finding: Finding): string {
  const { p } = finding;
  switch (finding.kind) {
    case 'warm-up':
      return (
        `warm-up in ${named(finding.slices)}, until ${seconds(finding.endSeconds)} s: ` +
        `${change(finding.change)} against the rest of the run (${chance(p)}).`
      );
    case 'stretch': {
      const slower = finding.change > 0;
      const where = finding.recovered
        ? `in ${named(finding.slices)}`
        : `from slice ${finding.slices.first} to the end`;
      const after = finding.recovered ? 'it recovered' : 'it did not recover';
      return `${change(finding.change)} ${where} (${chance(p)})${slower ? `; ${after}` : ''}.`;
    }
    case 'drift':
      return `drifts ${finding.change > 0 ? 'up' : 'down'}: ${change(finding.change)} over the run (${chance(p)}).`;
    case 'load':
      return `higher in slices in which more requests start (rank correlation ${finding.rho.toFixed(2)}, ${chance(p)}).`;
  }
}

const compared: readonly Metric[] = [
  timeToFirstToken,
  requestLatency,
  interTokenLatency,
  requestThroughput,
  outputTokenThroughput,
  goodput,
];
const comparedStats: readonly StatName[] = ['avg', 'p50', 'p90', 'p99'];

function steadyTable(whole: Results, steady: Results, from: number, layout: Layout): string[] {
  const rows = compared.flatMap((metric) => {
    const [all, part] = [whole, steady].map((results) => statsOf(results, metric));
    if (all === undefined || part === undefined) return [];
    const row = (label: string, name: string, statistics: Statistics) => [
      label,
      name,
      ...comparedStats.map((stat) => figureCell(statistics[stat])),
    ];
    return [row(`${metric.label} (${metric.displayUnit})`, 'whole run', all), row('', 'steady state', part)];
  });
  return drawTable(
    {
      title: `AIPerf | Steady state (complete slices from ${from} on) and the whole run`,
      columns: [
        { header: 'Metric', style: 'cyan', yields: 'at spaces' },
        { header: 'Part', align: 'left', style: 'cyan' },
        ...comparedStats.map((header) => ({ header, yields: 'its padding' }) as const),
      ],
      rows,
    },
    layout,
  );
}

function named({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? `slice ${first}` : `slices ${first} to ${last}`;
}

/** `30`, or `16.5`: as many decimals as it has, at most two. */
function seconds(value: number): string {
  return withCommas(value).replace(/\.?0+$/, '');
}

/** `+12.9 %`. */
function change(share: number): string {
  return `${share < 0 ? '-' : '+'}${percent(Math.abs(share))}`;
}

function chance(p: number): string {
  return p < 0.0001 ? 'p < 0.0001' : `p = ${p.toFixed(4)}`;
}
