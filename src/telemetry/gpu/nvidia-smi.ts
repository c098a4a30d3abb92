import { type GpuMetric, nvidia } from './gpu-metrics.js';
import { gpuOf } from './gpu-reading.js';
import type { GpuTool, ToolReading } from './gpu-tool.js';

/** A property that nvidia-smi can be asked for, and what a value becomes; the first ones describe the GPU. */
const description = ['timestamp', 'index', 'uuid', 'name', 'pci.bus_id'] as const;

const queried: readonly { readonly property: string; readonly metric: GpuMetric; readonly factor: number }[] =
  [
    { property: 'power.draw', metric: nvidia.power, factor: 1 },
    { property: 'utilization.gpu', metric: nvidia.utilization, factor: 1 },
    { property: 'utilization.memory', metric: nvidia.memoryUtilization, factor: 1 },
    // From MiB to decimal GB.
    { property: 'memory.used', metric: nvidia.memoryUsed, factor: 1.048576e-3 },
    { property: 'temperature.gpu', metric: nvidia.temperature, factor: 1 },
    { property: 'utilization.decoder', metric: nvidia.decoder, factor: 1 },
    { property: 'utilization.encoder', metric: nvidia.encoder, factor: 1 },
  ];

/**
 * The driver's own tool: one process prints a line for each GPU at the interval. It has no counter of energy.
 * @param refused properties that this version does not know.
 */
export function nvidiaSmi(refused: readonly string[] = []): GpuTool {
  const asked = queried.filter(({ property }) => !refused.includes(property));
  const properties = [...description, ...asked.map(({ property }) => property)].join(',');
  let rest = '';
  return {
    name: 'nvidia-smi',
    source: 'pynvml://localhost',
    args: (intervalMs) => [
      `--query-gpu=${properties}`,
      '--format=csv,noheader,nounits',
      '-lms',
      `${intervalMs}`,
    ],
    read(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      return lines.flatMap((line) => readingIn(line, asked) ?? []);
    },
    without(output) {
      const [, property = ''] = /Field "([\w.]+)" is not a valid field to query/.exec(output) ?? [];
      return asked.some((one) => one.property === property) ? nvidiaSmi([...refused, property]) : undefined;
    },
  };
}

/** Undefined for a line that describes no GPU. */
function readingIn(line: string, asked: typeof queried): ToolReading | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  const [timestamp = '', index = '', uuid = '', model = '', pciBusId = ''] = cells;
  if (!/^\d+$/.test(index) || cells.length !== description.length + asked.length) return undefined;
  const values = asked.flatMap(({ metric, factor }, i) => {
    // `[N/A]`, `[Not Supported]`, `[Unknown Error]`: this GPU has no such value.
    const cell = cells[description.length + i] ?? '';
    return /^\d/.test(cell) ? [[metric.name, Number.parseFloat(cell) * factor] as const] : [];
  });
  return {
    epochMs: localTime(timestamp),
    reading: { gpu: gpuOf('nvidia', Number(index), { uuid, model, pciBusId }), values: new Map(values) },
  };
}

/** `2026/11/30 05:39:49.123`, ms since 1970; undefined for another form. */
function localTime(text: string): number | undefined {
  const parts = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?$/.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0, ms = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  return new Date(year, month - 1, day, hours, minutes, seconds, ms).getTime();
}
