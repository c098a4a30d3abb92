import type { Metric } from '../../metrics/metric.js';
import type { RunSummary } from '../../metrics/metric-store.js';
import type { NotableRequests } from '../../metrics/notable.js';
import {
  inputSequenceLength,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from '../../metrics/request-metrics.js';
import type { StoredRecord } from '../../metrics/stored-request.js';
import { findMetric } from '../../metrics/table.js';
import { withThousands } from '../../util/counted.js';
import { clipped } from '../clipped.js';
import { durationWords, percentWords, short } from '../figures.js';
import { type Html, type HtmlContent, html } from './html.js';
import { table } from './table.js';

/** The slowest requests one by one, each with its record folded up. */
export function slowestRequests({ slowest, slowestToStart }: NotableRequests, firstNs: bigint): HtmlContent {
  if (slowest.length === 0) return undefined;
  return html`<h3>By request latency</h3>
${requestList(slowest, firstNs)}
${slowestToStart.length > 0 && html`<h3>By time to first token</h3>\n${requestList(slowestToStart, firstNs)}`}`;
}

/** Every kind of failure, and the record of the first request that it struck. */
export function failureSection(
  summary: RunSummary,
  { failures }: NotableRequests,
  firstNs: bigint,
): HtmlContent {
  const { validCount, failedCount } = summary;
  const errors = summary.errors.filter(({ isPlanned }) => !isPlanned);
  if (errors.length === 0) return html`<p>No request failed.</p>`;
  const rows = errors
    .sort((a, b) => b.count - a.count)
    .map(({ error, count: times }) => [
      error.code === undefined ? 'N/A' : String(error.code),
      error.type || 'N/A',
      html`<span class="message">${clipped(error.message)}</span>`,
      withThousands(times),
      percentWords(times / (validCount + failedCount)),
    ]);
  return html`${table({
    caption: 'Failures by kind',
    isCaptionHidden: true,
    columns: ['Code', 'Type', 'Message', 'Count', '% of all'],
    rows,
    textColumns: [2],
  })}
<h3>First failure of each kind</h3>
${requestList(failures, firstNs)}`;
}

function requestList(requests: readonly StoredRecord[], firstNs: bigint): Html {
  const longest = Math.max(...requests.map((request) => numberOf(request, requestLatency) ?? 0));
  return html`<ol class="requests">${requests.map((request) => html`<li>${entry(request, firstNs, longest)}</li>\n`)}</ol>`;
}

function entry(request: StoredRecord, firstNs: bigint, longest: number): Html {
  const { error, startNs, metadata } = request;
  const of = (metric: Metric) => numberOf(request, metric);
  const [latency, ttft] = [of(requestLatency), of(timeToFirstToken)];
  const [isl, osl] = [of(inputSequenceLength), of(outputSequenceLength)];
  const { conversation_id: conversation, turn_index: turn } = metadata;
  const facts = [
    latency === undefined ? undefined : html`<b>${durationWords(latency)}</b>`,
    error === undefined ? undefined : html`<b>${[error.code, error.type || 'Error'].join(' ').trim()}</b>`,
    ttft === undefined ? undefined : `first token ${durationWords(ttft)}`,
    isl === undefined || osl === undefined
      ? undefined
      : `${withThousands(isl)} → ${withThousands(osl)} tokens`,
    `sent at ${short(Number(startNs - firstNs) / 1e9)} s`,
    typeof conversation === 'string'
      ? conversation + (typeof turn === 'number' && turn > 0 ? `, turn ${turn}` : '')
      : undefined,
  ].filter((fact) => fact !== undefined);
  return html`<details><summary${error !== undefined && html` class="failed"`}>${facts.map((fact) => html`<span>${fact}</span> `)}${latency !== undefined && bar(ttft ?? 0, latency, longest)}</summary>
${record(request)}</details>`;
}

/** Its latency relative to the longest of the list, with the time to first token marked. */
function bar(ttft: number, latency: number, longest: number): Html {
  const width = (part: number) => ((100 * part) / longest).toFixed(2);
  return html`<span class="bar" aria-hidden="true"><i style="width:${width(ttft)}%"></i><i style="width:${width(latency - ttft)}%"></i></span>`;
}

function record({ line, metadata, metrics, error }: StoredRecord): Html {
  const rows = [
    ['line of the file', withThousands(line)],
    ...Object.entries(metadata).map(([name, value]) => [name, valueText(value)]),
    ...metrics.map(([tag, value, unit]) => [findMetric(tag)?.label ?? tag, `${numbersText(value)} ${unit}`]),
    ...Object.entries(error ?? {}).map(([name, value]) => [`error ${name}`, clipped(valueText(value))]),
  ];
  return table({ caption: 'Record', isCaptionHidden: true, columns: ['', ''], rows, textColumns: [1] });
}

const MOST_NUMBERS = 100;

function numbersText(value: number | Float64Array): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
  const left = value.length - MOST_NUMBERS;
  const first = Array.from(value.subarray(0, MOST_NUMBERS), (one) => one.toFixed(2)).join(', ');
  return left > 0 ? `${first} … and ${withThousands(left)} more,` : first;
}

function valueText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'bigint'
      ? String(value)
      : (JSON.stringify(value) ?? '');
}

function numberOf({ values }: StoredRecord, metric: Metric): number | undefined {
  const value = values.get(metric.tag);
  return typeof value === 'number' ? value : undefined;
}
