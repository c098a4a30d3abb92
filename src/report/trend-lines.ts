import type { RunSummary } from '../metrics/compute.js';
import { fixed, withCommas } from '../metrics/format.js';
import type { MetricResult } from '../metrics/request-rows.js';
import type { SlicedRun } from '../metrics/slices.js';
import type { StatName } from '../metrics/statistics.js';
import { metricOf } from '../metrics/table.js';
import { FEWEST_SLICES, type Finding, type MetricTrend, type Trends } from '../metrics/trends.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** What the slices say of the run over time, in words, and its steady part beside the whole. */
export function trendLines(summary: RunSummary, { trends, steady }: SlicedRun, layout: Layout): string[] {
  const [head = '', ...sentences] = trendSentences(trends);
  const lines = [head, ...sentences.map((sentence) => `  ${sentence}`)].flatMap((line) =>
    wrap(line, layout.width, 4),
  );
  if (steady === undefined || trends.steadyFrom === undefined) return lines;
  return [...lines, ...steadyTable(summary.results, steady, trends.steadyFrom, layout)];
}

/** The same without the table; the first sentence is what the others are about. */
export function trendSentences({ completeSlices, metrics, steadyFrom }: Trends): string[] {
  if (completeSlices < FEWEST_SLICES) {
    const few = completeSlices === 1 ? '1 complete slice' : `${completeSlices} complete slices`;
    return [`Trends: cannot tell from ${few}; ${FEWEST_SLICES} are needed.`];
  }
  const isKnown = metrics.length > 0 && metrics.every(({ findings }) => findings !== undefined);
  return [
    `Trends over ${completeSlices} complete slices, by the medians of each:`,
    ...metrics.flatMap(metricSentences),
    ...(isKnown && steadyFrom === undefined ? ['No part of the run that lasts to its end is steady.'] : []),
  ];
}

function metricSentences({ label, slices, findings, drift }: MetricTrend): string[] {
  if (findings === undefined) {
    return [`${label}: cannot tell; ${slices} of the slices have it, and ${FEWEST_SLICES} are needed.`];
  }
  const said = findings.map((finding) => `${label}: ${sentence(finding)}`);
  if (drift === undefined) return [...said, `${label}: too few slices are left to tell a drift.`];
  const change = `${percent(drift.change)} over ${withCommas(drift.seconds)} s`;
  const isDrifting = findings.some(({ kind }) => kind === 'drift');
  const rest = findings.length === 0 ? 'steady' : isDrifting ? 'drift' : 'else steady';
  return [...said, `${label}: ${rest}, ${change} (95 %: ${percent(drift.low)} to ${percent(drift.high)}).`];
}

function sentence(finding: Finding): string {
  const { p } = finding;
  switch (finding.kind) {
    case 'warm-up':
      return (
        `warm-up in ${named(finding.slices)}, over after ${withCommas(finding.endSeconds)} s: ` +
        `${percent(finding.change)} against the rest of the run (${chance(p)}).`
      );
    case 'stretch': {
      const slower = finding.change > 0;
      const where = finding.recovered
        ? `in ${named(finding.slices)}`
        : `from slice ${finding.slices.first} to the end`;
      const after = finding.recovered ? 'it recovered' : 'it did not recover';
      return `${percent(finding.change)} ${where} (${chance(p)})${slower ? `; ${after}` : ''}.`;
    }
    case 'drift':
      return `drifts ${finding.change > 0 ? 'up' : 'down'}: ${percent(finding.change)} over the run (${chance(p)}).`;
    case 'load':
      return `higher in slices in which more requests start (rank correlation ${finding.rho.toFixed(2)}, ${chance(p)}).`;
  }
}

const comparedTags = [
  'time_to_first_token',
  'request_latency',
  'inter_token_latency',
  'request_throughput',
  'output_token_throughput',
  'goodput',
];
const comparedStats: readonly StatName[] = ['avg', 'p50', 'p90', 'p99'];

function steadyTable(
  whole: readonly MetricResult[],
  steady: readonly MetricResult[],
  from: number,
  layout: Layout,
): string[] {
  const { italic, cyan, green, dim } = stylesOf(layout);
  const rows = comparedTags.flatMap((tag) => {
    const [all, part] = [whole, steady].map((results) => results.find((result) => result.tag === tag));
    if (all === undefined || part === undefined) return [];
    const cells = comparedStats.flatMap((name) => [all.statistics[name], part.statistics[name]]);
    return [
      [
        { text: `${metricOf(tag).label} (${all.unit})` },
        ...cells.map((value) =>
          value === undefined ? { text: 'N/A', style: dim } : { text: withCommas(value) },
        ),
      ],
    ];
  });
  return drawTable(
    {
      title: `AIPerf | Complete slices from ${from} on, beside the whole run`,
      titleStyle: italic,
      columns: [
        { header: 'Metric', align: 'right', style: cyan, yields: 'at spaces' },
        ...comparedStats.flatMap(
          (name) =>
            [
              { header: `${name} all`, align: 'right', style: green, yields: 'its padding' },
              { header: 'steady', align: 'right', style: green, yields: 'its padding' },
            ] as const,
        ),
      ],
      rows,
    },
    layout.width,
  );
}

function named({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? `slice ${first}` : `slices ${first} to ${last}`;
}

function percent(share: number): string {
  return `${share < 0 ? '-' : '+'}${fixed(Math.abs(100 * share), 1)} %`;
}

function chance(p: number): string {
  return p < 0.0001 ? 'p < 0.0001' : `p = ${p.toFixed(4)}`;
}
