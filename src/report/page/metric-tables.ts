import { withCommas } from '../../metrics/format.js';
import type { ConsoleTable, Metric } from '../../metrics/metric.js';
import type { RunSummary } from '../../metrics/metric-store.js';
import { requestLatency, timeToFirstToken } from '../../metrics/request-metrics.js';
import { type MetricResult, type Results, statsOf } from '../../metrics/results.js';
import { errorRequestCount, outputTokenThroughput, requestCount } from '../../metrics/run-metrics.js';
import type { SessionSummary } from '../../metrics/session-summary.js';
import type { SlicedRun } from '../../metrics/sliced-run.js';
import type { StatName } from '../../metrics/statistics.js';
import { metricOf } from '../../metrics/table.js';
import { withThousands } from '../../util/counted.js';
import { batchCells, batchColumns } from '../batch-table.js';
import { percentWords } from '../figures.js';
import { sessionSentence, turnCells } from '../session-table.js';
import { sloColumns, sloRows } from '../slo-table.js';
import { type Html, type HtmlContent, html } from './html.js';
import { type Cell, type PageTable, table } from './table.js';

const shown: readonly StatName[] = ['avg', 'min', 'p50', 'p75', 'p90', 'p95', 'p99', 'max', 'std'];

/** Captions of the tables, in their order; the first three stay open. */
const captions: Readonly<Record<ConsoleTable, string>> = {
  main: 'Metrics',
  sessions: 'Sessions with several requests',
  adjusted: 'Error-adjusted latency (failures = ∞)',
  schedule: 'Schedule',
  effective: 'Effective concurrency and throughput',
  active: 'Active concurrency and throughput',
  usage: 'Usage',
  reasoning: 'Reasoning',
  http: 'HTTP trace timing',
};

/** Turns with a row on the page. */
const MOST_TURNS = 50;

/** All metrics of a run: the main table, and behind it, folded up, every other that has a row. */
export function metricTables(summary: RunSummary): Html {
  const { results, slos, batches = [], sessions } = summary;
  const [main, ofSessions, adjusted, ...others] = Object.keys(captions)
    .filter((name): name is ConsoleTable => name in captions)
    .map((name) => ({ caption: captions[name], rows: rowsOf(results, name) }));
  const rest = {
    caption: 'Metrics in files only',
    rows: results.filter(({ tag }) => metricOf(tag).table === undefined).map(row),
  };
  return html`${main && statisticsTable({ ...main, isCaptionHidden: true })}
${ofSessions && ofSessions.rows.length > 0 && statisticsTable(ofSessions)}
${sessions && turnsOf(sessions)}
${batches.length > 0 && table({ caption: 'Latency by batch size', columns: batchColumns, rows: batches.map(batchCells) })}
${slos.length > 0 && table({ caption: 'Objectives', columns: sloColumns, rows: sloRows(summary, 'All SLOs met (good requests)', percentWords) })}
${adjusted && adjusted.rows.length > 0 && statisticsTable(adjusted)}
${[...others, rest].map(
  (group) =>
    group.rows.length > 0 &&
    html`<details><summary>${group.caption}</summary>${statisticsTable({ ...group, isCaptionHidden: true })}</details>\n`,
)}`;
}

function turnsOf(sessions: SessionSummary): Html {
  const { heads, rows } = turnCells(sessions, MOST_TURNS);
  return html`<p>${sessionSentence(sessions)}</p>${table({ caption: 'Requests by turn', columns: heads, rows })}`;
}

/** The metrics of each slice that one reads first; nothing for a run without slices. */
export function sliceSection(sliced: SlicedRun | undefined): HtmlContent {
  const firstNs = sliced?.slices[0]?.startNs;
  if (sliced === undefined || firstNs === undefined) return undefined;
  const rows = sliced.slices.map(({ index, startNs, endNs, isComplete, results }) => {
    const at = (ns: bigint) => withCommas(Number(ns - firstNs) / 1e9);
    const cell = (metric: Metric, name: StatName) => numberCell(statsOf(results, metric)?.[name]);
    return [
      `${index}`,
      `${at(startNs)} – ${at(endNs)} s${isComplete ? '' : ' (partial)'}`,
      withThousands(statsOf(results, requestCount)?.avg ?? 0),
      withThousands(statsOf(results, errorRequestCount)?.avg ?? 0),
      cell(timeToFirstToken, 'avg'),
      cell(timeToFirstToken, 'p90'),
      cell(requestLatency, 'avg'),
      cell(requestLatency, 'p90'),
      cell(outputTokenThroughput, 'avg'),
    ];
  });
  return table({
    caption: 'Slices',
    isCaptionHidden: true,
    columns: [
      'Slice',
      'Window',
      'Requests',
      'Failed',
      'TTFT avg (ms)',
      'TTFT p90 (ms)',
      'Latency avg (ms)',
      'Latency p90 (ms)',
      'Tokens/s',
    ],
    rows,
  });
}

function rowsOf(results: Results, name: ConsoleTable): Cell[][] {
  return results
    .map((result) => ({ result, metric: metricOf(result.tag) }))
    .filter(({ metric }) => metric.table === name)
    .sort((a, b) => (a.metric.order ?? 0) - (b.metric.order ?? 0))
    .map(({ result }) => row(result));
}

function row({ tag, unit, statistics }: MetricResult): Cell[] {
  const { label, formula, kind } = metricOf(tag);
  const head = html`<span title="${formula}">${label}</span> <span class="unit">${unit}</span>`;
  // Of failures that count as infinite, what is left out is infinite, and its deviation nothing at all.
  const missing = (name: StatName) => (kind === 'adjusted' && name !== 'std' ? '∞' : '');
  return [head, ...shown.map((name) => numberCell(statistics[name], missing(name)))];
}

function statisticsTable(said: Pick<PageTable, 'caption' | 'isCaptionHidden' | 'rows'>): Html {
  return table({ ...said, columns: ['Metric', ...shown] });
}

function numberCell(value: number | undefined, missing = ''): string {
  return value === undefined ? missing : withCommas(value);
}
