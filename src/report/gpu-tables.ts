import { powerNotes } from '../metrics/gpu-notes.js';
import type { GpuResult } from '../metrics/gpu-results.js';
import { powerMetrics } from '../metrics/power-metrics.js';
import type { Results } from '../metrics/results.js';
import { sourceName } from '../metrics/source-name.js';
import type { RunFacts } from '../run/facts.js';
import type { GpuTelemetry } from '../run/gpu-telemetry.js';
import type { Layout } from './layout.js';
import { labelWithUnit, statisticColumns, statisticsShown } from './metrics-table.js';
import { warningPanel } from './panel.js';
import { type Cell, drawTable, figureCell } from './table.js';
import { wrap } from './wrap.js';

const platforms = [
  ['nvidia', 'NVIDIA'],
  ['amd', 'AMD'],
] as const;

/** GPU telemetry of a run: the platforms, power and energy of each, and a table for each GPU; no lines without data. */
export function gpuTables(
  results: Results,
  { gpus, power }: GpuTelemetry,
  facts: Pick<RunFacts, 'gpuConfigured' | 'gpuReached'>,
  layout: Layout,
): string[] {
  if (gpus.length === 0) return [];
  const present = platforms.filter(([platform]) => gpus.some(({ gpu }) => gpu.platform === platform));
  const names = present.map(([platform]) => platform).join(', ');
  const notes = power.flatMap(powerNotes).flatMap((note) => wrap(note, layout.width));
  return [
    ...warningPanel(
      'GPU Telemetry Platform',
      [
        `Platform: ${names}`,
        'Metrics of different platforms measure different things: compare runs on one platform only.',
      ],
      layout,
    ),
    ...present.flatMap(([platform, title]) => ['', ...powerTable(results, platform, title, layout)]),
    ...notes,
    ...gpus.flatMap((gpu, i) => ['', ...gpuTable(gpu, i === 0 ? summaryLines(facts) : [], layout)]),
  ];
}

function powerTable(results: Results, platform: string, title: string, layout: Layout): string[] {
  const rows = powerMetrics
    .filter((metric) => metric.platform === platform)
    .flatMap((metric) => {
      const result = results.find(({ tag }) => tag === metric.tag);
      return result === undefined
        ? []
        : [[labelWithUnit(metric.label, result.unit), figureCell(result.statistics.avg)]];
    });
  if (rows.length === 0) return [];
  return drawTable(
    {
      title: `GPU Power Efficiency (${title})`,
      columns: [{ header: 'Metric', style: 'cyan', yields: 'at spaces' }, { header: 'avg' }],
      rows,
    },
    layout,
  );
}

/** How many sources answered, and which. */
function summaryLines({
  gpuConfigured = [],
  gpuReached = [],
}: Pick<RunFacts, 'gpuConfigured' | 'gpuReached'>) {
  return [
    'AIPerf | GPU Telemetry Summary',
    `${gpuReached.length}/${gpuConfigured.length} telemetry sources reachable`,
    ...gpuConfigured.map(
      (url) => `• ${sourceName(url)} ${gpuReached.includes(url) ? '✔' : '✘ (unreachable)'}`,
    ),
    '',
  ];
}

function gpuTable({ source, gpu, metrics }: GpuResult, above: readonly string[], layout: Layout): string[] {
  const title = [sourceName(source), `GPU ${gpu.index}`, gpu.model].filter((part) => part !== '').join(' | ');
  return drawTable(
    {
      title: [...above, title].join('\n'),
      columns: statisticColumns('Metric'),
      rows: metrics.map(({ header, unit, statistics }) => [
        labelWithUnit(header, unit),
        ...statisticsShown.map((name) => gpuCell(statistics[name])),
      ]),
    },
    layout,
  );
}

/** Large values as `1.23e+06`. */
function gpuCell(value: number | undefined): Cell {
  if (value === undefined || Math.abs(value) < 1e6) return figureCell(value);
  const [digits = '', exponent = ''] = value.toExponential(2).split('e');
  return `${digits}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`;
}
