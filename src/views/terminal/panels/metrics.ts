import type { Metric } from '../../../metrics/metric.js';
import type { Results } from '../../../metrics/results.js';
import { metricRows, statisticsShown } from '../../../report/metrics-table.js';
import { figure } from '../quantities.js';
import { cell, type Row, span } from '../rows.js';
import type { Panel } from './panel.js';

/** What a low screen shows, the most important first; the others follow in the order of the console. */
const important = [
  'time_to_first_token',
  'inter_token_latency',
  'request_latency',
  'output_token_throughput',
  'request_throughput',
  'goodput',
  'output_token_throughput_per_user',
];

/** Columns of a figure on screens of at least this width. */
const layouts = [
  { from: 130, figure: 11 },
  { from: 100, figure: 10 },
  { from: 0, figure: 8 },
] as const;

type MetricRow = ReturnType<typeof metricRows>[number];

/** Rows that are kept free before the first results. */
const EXPECTED_ROWS = 10;

/** The main table of the final report, so far. */
export const metricsPanel: Panel = {
  name: 'metrics',
  title: (_watched, width) => {
    const { label, figure: columns } = layoutOf(width);
    return [
      span(cell('Metrics', label), 'title'),
      ...statisticsShown.map((name) => span(cell(name, columns, 'right'), 'dim')),
    ];
  },
  rows: ({ snapshot }) => {
    const rows = metricRows(snapshot?.metrics ?? [], 'main').length || EXPECTED_ROWS;
    return { least: Math.min(rows, 4), most: rows };
  },
  draw: ({ snapshot }, width, height) => drawnRows(snapshot?.metrics ?? [], width, height),
};

function drawnRows(results: Results, width: number, height: number): Row[] {
  const rows = metricRows(results, 'main');
  if (rows.length === 0) return [[span('No response has been processed yet.', 'dim')]];
  const rank = ({ metric: { tag } }: MetricRow) => important.indexOf(tag) + 1 || important.length + 1;
  const kept = new Set([...rows].sort((a, b) => rank(a) - rank(b)).slice(0, height));
  return rows.filter((row) => kept.has(row)).map((row) => metricRow(row, width));
}

function metricRow({ metric, result: { unit, statistics } }: MetricRow, width: number): Row {
  const { label, figure: columns } = layoutOf(width);
  return [
    span(cell(nameOf(metric, unit, label - 1), label), 'accent'),
    ...statisticsShown.map((name) => {
      const text = figure(statistics[name], columns - 1);
      return span(cell(text, columns, 'right'), text === 'N/A' ? 'dim' : undefined);
    }),
  ];
}

/** With its unit, where there is room and the short name does not say it. */
function nameOf({ label, short }: Metric, unit: string, width: number): string {
  const saysUnit = /TPS|\/sec|%/.test(short) || short.toLowerCase() === unit;
  const names = [`${label} (${unit})`, saysUnit ? short : `${short} (${unit})`];
  return names.find((name) => name.length <= width) ?? short;
}

function layoutOf(width: number) {
  const { figure: columns } = layouts.find(({ from }) => width >= from) ?? layouts[2];
  return { label: width - statisticsShown.length * columns, figure: columns };
}
