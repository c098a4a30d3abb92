import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { amd, type GpuMetric } from './gpu-metrics.js';
import { type Gpu, gpuOf } from './gpu-reading.js';
import type { GpuTool } from './gpu-tool.js';
import { JsonBlocks } from './json-blocks.js';

/** Where a value is in the output, the first place that has one, and the factor to the metric's unit. */
interface Place {
  readonly metric: GpuMetric;
  readonly paths: readonly (readonly [section: string, name: string])[];
  readonly factor: number;
}

const places: readonly Place[] = [
  {
    metric: amd.power,
    paths: [
      ['power', 'socket_power'],
      ['power', 'current_socket_power'],
      ['power', 'average_socket_power'],
    ],
    factor: 1,
  },
  // From J.
  { metric: amd.energy, paths: [['energy', 'total_energy_consumption']], factor: 1e-6 },
  { metric: amd.gfxActivity, paths: [['usage', 'gfx_activity']], factor: 1 },
  { metric: amd.umcActivity, paths: [['usage', 'umc_activity']], factor: 1 },
  { metric: amd.mmActivity, paths: [['usage', 'mm_activity']], factor: 1 },
  // The tool's MB are MiB.
  { metric: amd.memoryUsed, paths: [['mem_usage', 'used_vram']], factor: 1.048576e-3 },
  {
    metric: amd.temperature,
    paths: [
      ['temperature', 'hotspot'],
      ['temperature', 'edge'],
    ],
    factor: 1,
  },
  { metric: amd.eccErrors, paths: [['ecc', 'total_uncorrectable_count']], factor: 1 },
  { metric: amd.throttled, paths: [['power', 'throttle_status']], factor: 1 },
];

const sections = ['--mem-usage', '--usage', '--power', '--temperature', '--ecc', '--energy'];

/** AMD's tool. Its shortest interval is a second; versions 7.0 and 7.1 print no JSON while they watch. */
export function amdSmi(): GpuTool {
  const blocks = new JsonBlocks();
  const known = new Map<number, Partial<Gpu>>();
  return {
    name: 'amd-smi',
    source: 'amdsmi://localhost',
    args: (intervalMs) => ['metric', ...sections, '--watch', watchSeconds(intervalMs), '--json'],
    once: ['metric', ...sections, '--json'],
    describe: [
      ['list', '--json'],
      ['static', '--asic', '--bus', '--json'],
    ],
    described(output) {
      for (const gpu of new JsonBlocks().take(output).flatMap(gpusIn)) {
        const index = gpu.gpu;
        if (typeof index === 'number') known.set(index, { ...known.get(index), ...description(gpu) });
      }
    },
    read: (text) =>
      blocks
        .take(text)
        .flatMap(gpusIn)
        .flatMap((gpu) => {
          if (typeof gpu.gpu !== 'number') return [];
          const values = places.flatMap(({ metric, paths, factor }) => {
            const found = paths.map(([section, name]) => valueIn(gpu, section, name));
            const value = found.find((one) => one !== undefined);
            return value === undefined ? [] : [[metric.name, value * factor] as const];
          });
          const reading = { gpu: gpuOf('amd', gpu.gpu, known.get(gpu.gpu)), values: new Map(values) };
          return [{ epochMs: undefined, reading }];
        }),
  };
}

/** Whole seconds, at least one. */
function watchSeconds(intervalMs: number): string {
  return `${Math.max(1, Math.round(intervalMs / 1000))}`;
}

/** The GPUs of an output: a list, or since ROCm 7 a list within an object. */
function gpusIn(json: Json): JsonObject[] {
  const list = isObject(json) && Array.isArray(json.gpu_data) ? json.gpu_data : json;
  return (Array.isArray(list) ? list : [list]).filter(isObject);
}

function description(gpu: JsonObject): Partial<Gpu> {
  const asic = isObject(gpu.asic) ? gpu.asic : {};
  const bus = isObject(gpu.bus) ? gpu.bus : {};
  const text = (value: Json | undefined) =>
    typeof value === 'string' && value !== 'N/A' ? value : undefined;
  const [uuid, model] = [text(gpu.uuid), text(asic.market_name)];
  const pciBusId = text(gpu.bdf) ?? text(bus.bdf);
  return {
    ...(uuid === undefined ? {} : { uuid }),
    ...(model === undefined ? {} : { model }),
    ...(pciBusId === undefined ? {} : { pciBusId }),
  };
}

/** `{"value": 20, "unit": "W"}`, `20` or `"20 W"`; `N/A` is no value. */
function valueIn(gpu: JsonObject, section: string, name: string): number | undefined {
  const members = gpu[section];
  const raw = isObject(members) ? members[name] : undefined;
  const value = isObject(raw) ? raw.value : raw;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  if (/^(un)?throttled$/i.test(value)) return Number(!/^un/i.test(value));
  return /^-?\d/.test(value) ? Number.parseFloat(value) : undefined;
}
