import { fixed } from '../metrics/format.js';
import type { GpuResult } from '../metrics/gpu-results.js';
import type { MetricResult, Results } from '../metrics/results.js';
import { sourceName } from '../metrics/source-name.js';
import { percentiles, type StatName } from '../metrics/statistics.js';
import { metricOf } from '../metrics/table.js';
import { withoutSecrets } from '../util/secrets.js';

/** The statistics of a metric with percentiles, in the order of both CSV files. */
export const csvStats: readonly StatName[] = [
  'avg',
  'min',
  'max',
  'sum',
  ...percentiles.map((percent) => `p${percent}` as const),
  'std',
];

/**
 * The text of the CSV summary: metrics with percentiles, an empty row, single numbers, each sorted by tag; then, behind
 * two empty rows, metrics of GPUs where there are any.
 */
export function summaryCsv(results: Results, gpus: readonly GpuResult[] = []): string {
  const sorted = byTag(results);
  const isDistribution = ({ statistics }: MetricResult) =>
    percentiles.some((percent) => statistics[`p${percent}`] !== undefined);
  const distributions = sorted.filter(isDistribution);
  const singles = sorted.filter((result) => !isDistribution(result));
  const sections = [
    section(['Metric', ...csvStats], distributions, csvStats),
    section(['Metric', 'Value'], singles, ['avg']),
  ];
  const text = sections.filter((section) => section !== '').join('\r\n');
  return gpus.length === 0 ? text : `${text}\r\n\r\n${gpuSection(gpus)}`;
}

/** Results as both CSV files have them. */
export function byTag(results: Results): MetricResult[] {
  return [...results].sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

/** A row of a CSV file, with its line end. */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

function section(header: readonly string[], results: Results, stats: readonly StatName[]): string {
  if (results.length === 0) return '';
  const rows = results.map((result) => [name(result), ...stats.map((stat) => cell(result.statistics[stat]))]);
  return [header, ...rows].map(csvRow).join('');
}

/** Labels of a GPU that some sources have, by their columns. */
const gpuLabels = [
  ['Hostname', 'hostname'],
  ['Namespace', 'namespace'],
  ['Pod Name', 'pod'],
] as const;

/** A row for each metric of each GPU. */
function gpuSection(gpus: readonly GpuResult[]): string {
  const labels = gpuLabels.filter(([, name]) => gpus.some(({ gpu }) => gpu[name] !== ''));
  const identity = ['Endpoint', 'GPU_Index', 'GPU_Name', 'GPU_UUID', 'Platform'];
  const header = [...identity, 'Metric', ...csvStats, ...labels.map(([column]) => column)];
  const rows = gpus.flatMap(({ source, gpu, metrics }) =>
    metrics.map(({ header: title, unit, statistics }) => [
      ...[sourceName(source), `${gpu.index}`, gpu.model, gpu.uuid, gpu.platform, `${title} (${unit})`],
      ...csvStats.map((stat) => cell(statistics[stat])),
      ...labels.map(([, name]) => gpu[name]),
    ]),
  );
  return [header, ...rows].map(csvRow).join('');
}

/** The label with its unit, which goes without saying for counts. */
function name({ tag, unit }: MetricResult): string {
  const label = csvLabel(tag);
  return unit === 'requests' || unit === 'count' ? label : `${label} (${unit})`;
}

/** What CSV files call a metric. */
export function csvLabel(tag: string): string {
  const { label, csvLabel: fixed = label } = metricOf(tag);
  return fixed;
}

function cell(value: number | undefined): string {
  return value === undefined ? '' : fixed(value, 2);
}

function quoted(text: string): string {
  // A spreadsheet would run what begins like a formula; numbers may begin with a sign.
  const isFormula = /^[=@\t\r]|^[+-](?![\d.]|inf|nan|$)/i.test(text);
  const shown = withoutSecrets(isFormula ? `'${text}` : text);
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
