import { existsSync } from 'node:fs';
import { isBaseUrl } from './base-url.js';
import type { OptionTable } from './option.js';
import { flag, list } from './option-kinds.js';
import type { Rule } from './rule.js';

/** Tools that read the GPUs of this machine, and AIPerf's names for the libraries behind them. */
const tools = { pynvml: 'nvidia-smi', amdsmi: 'amd-smi' } as const;

/** A tool that reads the GPUs of this machine. */
export type LocalGpuTool = (typeof tools)[keyof typeof tools];

/** Their names in AIPerf's configuration. */
export const localCollectors: Readonly<Record<LocalGpuTool, string>> = {
  'nvidia-smi': 'pynvml',
  'amd-smi': 'amdsmi',
};

/** What the items of `--gpu-telemetry` ask for. */
export interface GpuSources {
  /** Pages of DCGM exporters, as written. */
  readonly urls: readonly string[];
  readonly tools: readonly LocalGpuTool[];
  /** Files of custom metrics. */
  readonly files: readonly string[];
  /** A live view is wanted. */
  readonly dashboard: boolean;
}

/** Sorts the items of `--gpu-telemetry`. */
export function gpuSources(items: readonly string[]): GpuSources {
  const isFile = (item: string) => /\.csv$/i.test(item);
  const tool = (item: string) =>
    Object.entries(tools).find((names) => names.includes(item.toLowerCase().replaceAll('_', '-')))?.[1];
  const others = items.filter((item) => tool(item) === undefined && !isFile(item) && !isDashboard(item));
  return {
    urls: [...new Set(others)],
    tools: [...new Set(items.flatMap((item) => tool(item) ?? []))],
    files: [...new Set(items.filter(isFile))],
    dashboard: items.some(isDashboard),
  };
}

function isDashboard(item: string): boolean {
  return item.toLowerCase() === 'dashboard';
}

/** A word without a dot, a colon or a slash is no host that a GPU exporter is known by, but a misspelled name. */
function isGpuSource(item: string): boolean {
  const { urls } = gpuSources([item]);
  return urls.every((url) => isBaseUrl(url) && /[.:/]|^localhost$/.test(url));
}

/** Options of `profile` for GPU telemetry. */
export const gpuOptions = {
  gpuTelemetry: list({
    flags: ['--gpu-telemetry'],
    group: 'Telemetry',
    items: 'URLs of DCGM exporters like HOST:9400, nvidia-smi (pynvml), amd-smi (amdsmi), or a file *.csv',
    greedy: true,
    mayBeEmpty: true,
    item: isGpuSource,
    defaultText: 'DCGM exporters at localhost:9400 and :9401, if there are any',
    help: "Read GPUs from these DCGM exporters too, or from this machine's driver tool; a CSV file adds DCGM fields.",
  }),
  noGpuTelemetry: flag({
    flags: ['--no-gpu-telemetry'],
    group: 'Telemetry',
    help: 'Read no GPUs.',
  }),
} satisfies OptionTable;

/** Conflicts among the options for GPU telemetry. */
export const gpuConflicts: readonly Rule[] = [
  {
    keys: ['gpuTelemetry', 'noGpuTelemetry'],
    check: ({ noGpuTelemetry }, isSet, name) =>
      noGpuTelemetry &&
      isSet('gpuTelemetry') &&
      `${name('gpuTelemetry')} cannot be combined with --no-gpu-telemetry: one names GPUs to read, the other reads none.`,
  },
  {
    keys: ['gpuTelemetry'],
    check: ({ gpuTelemetry = [] }) => {
      const missing = gpuSources(gpuTelemetry).files.filter((file) => !existsSync(file));
      return missing.length > 0 && `GPU metrics file not found: ${missing.join(', ')}`;
    },
  },
  {
    keys: ['gpuTelemetry'],
    check: ({ gpuTelemetry = [] }, _isSet, name) => {
      const { files } = gpuSources(gpuTelemetry);
      return (
        files.length > 1 && `${name('gpuTelemetry')} takes one file of metrics, got ${files.join(', ')}.`
      );
    },
  },
  {
    keys: ['gpuTelemetry'],
    check: ({ gpuTelemetry = [] }, _isSet, name) => {
      const { tools: local, urls } = gpuSources(gpuTelemetry);
      if (local.length > 1) return `${name('gpuTelemetry')} takes one of nvidia-smi and amd-smi, got both.`;
      const [tool] = local;
      return (
        tool !== undefined &&
        urls.length > 0 &&
        `${name('gpuTelemetry')} ${tool} cannot be combined with URLs: a DCGM exporter of this machine reports the same GPUs.`
      );
    },
  },
];

/** Options for GPU telemetry that have no effect. */
export const gpuWarnings: readonly Rule[] = [
  {
    keys: ['gpuTelemetry'],
    check: ({ gpuTelemetry = [] }, _isSet, name) =>
      gpuSources(gpuTelemetry).dashboard &&
      `${name('gpuTelemetry')} dashboard has no effect: there is no live view of GPUs yet; the report shows them.`,
  },
  {
    keys: ['gpuTelemetry'],
    check: ({ gpuTelemetry = [] }, _isSet, name) => {
      const { tools: local, files } = gpuSources(gpuTelemetry);
      return (
        local.length > 0 &&
        files.length > 0 &&
        `${name('gpuTelemetry')} ${files.join(', ')} has no effect with ${local.join(', ')}: it names fields of DCGM.`
      );
    },
  },
];
