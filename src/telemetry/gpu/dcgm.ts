import type { Labels } from '../time-series.js';
import { type GpuMetric, nvidia } from './gpu-metrics.js';
import { type GpuReading, gpuOf } from './gpu-reading.js';

/** A field of DCGM, the metric it becomes, and the factor to its unit. */
export interface DcgmField {
  /** `DCGM_FI_DEV_POWER_USAGE`. */
  readonly field: string;
  readonly metric: GpuMetric;
  readonly factor: number;
}

/** The fields that are always read, in the order of files. Units are those of DCGM's field list. */
export const dcgmFields: readonly DcgmField[] = [
  { field: 'DCGM_FI_DEV_POWER_USAGE', metric: nvidia.power, factor: 1 },
  // From mJ.
  { field: 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', metric: nvidia.energy, factor: 1e-9 },
  { field: 'DCGM_FI_DEV_GPU_UTIL', metric: nvidia.utilization, factor: 1 },
  { field: 'DCGM_FI_DEV_MEM_COPY_UTIL', metric: nvidia.memoryUtilization, factor: 1 },
  // From MiB to decimal GB.
  { field: 'DCGM_FI_DEV_FB_USED', metric: nvidia.memoryUsed, factor: 1.048576e-3 },
  { field: 'DCGM_FI_DEV_GPU_TEMP', metric: nvidia.temperature, factor: 1 },
  // From a ratio.
  { field: 'DCGM_FI_PROF_SM_ACTIVE', metric: nvidia.smUtilization, factor: 100 },
  { field: 'DCGM_FI_DEV_DEC_UTIL', metric: nvidia.decoder, factor: 1 },
  { field: 'DCGM_FI_DEV_ENC_UTIL', metric: nvidia.encoder, factor: 1 },
  { field: 'DCGM_FI_DEV_XID_ERRORS', metric: nvidia.xidErrors, factor: 1 },
  // From ns, although the exporter's help text says us.
  { field: 'DCGM_FI_DEV_POWER_VIOLATION', metric: nvidia.powerViolation, factor: 1e-3 },
];

/** One line of a page. */
export interface PageSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What a page says of GPUs. */
export interface DcgmPage {
  /** In the order of the page. */
  readonly readings: readonly GpuReading[];
  /** Lines of known fields that name no GPU: they are skipped. */
  readonly withoutGpu: number;
}

/** Reads the pages of DCGM exporters. */
export class DcgmReader {
  readonly #fields: ReadonlyMap<string, DcgmField & { readonly place: number }>;

  /** @param custom fields in addition to those that are always read. */
  constructor(custom: readonly DcgmField[] = []) {
    const known = new Set(dcgmFields.map(({ field }) => field));
    const own = custom.filter(({ field }) => !known.has(field));
    this.#fields = new Map([
      ...dcgmFields.map((field, place) => [field.field, { ...field, place }] as const),
      ...own.map((field) => [field.field, { ...field, place: dcgmFields.length }] as const),
    ]);
  }

  /** Whether a line of this name is read. */
  reads(name: string): boolean {
    return this.#fields.has(fieldOf(name));
  }

  /** Fields are in the order of files, custom ones behind in that of the page. Of lines for one GPU, the first counts. */
  read(samples: Iterable<PageSample>): DcgmPage {
    const found = new Map<string, Found>();
    let withoutGpu = 0;
    for (const { name, labels, value } of samples) {
      const field = this.#fields.get(fieldOf(name));
      if (field === undefined || !Number.isFinite(value) || isBlank(field, value)) continue;
      if (!/^\d+$/.test(labels.gpu ?? '')) {
        withoutGpu++;
        continue;
      }
      const key = `${labels.gpu} ${labels.UUID ?? ''}`;
      const gpu = found.get(key) ?? { labels: { ...labels }, values: [] };
      found.set(key, gpu);
      // GPUs that are split into instances repeat what belongs to the whole.
      if (gpu.values.some(({ metric }) => metric.name === field.metric.name)) continue;
      gpu.values.push({ metric: field.metric, place: field.place, value: value * field.factor });
    }
    return { readings: [...found.values()].map(readingOf), withoutGpu };
  }
}

// DCGM's own numbers for "no value" (DCGM_INT32_BLANK, DCGM_INT64_BLANK), with the reasons in the numbers above.
const BLANK_32 = 0x7fff_fff0;
const BLANK_64 = 2 ** 63 - 2 ** 10;

/** Whether an exporter passed on a number that means that there is none. Counters may well exceed 32 bits. */
function isBlank({ metric }: DcgmField, value: number): boolean {
  return value >= (metric.kind === 'counter' ? BLANK_64 : BLANK_32);
}

interface Found {
  readonly labels: Labels;
  readonly values: { readonly metric: GpuMetric; readonly place: number; readonly value: number }[];
}

function readingOf({ labels, values }: Found): GpuReading {
  values.sort((a, b) => a.place - b.place);
  return {
    gpu: gpuOf('nvidia', Number(labels.gpu), {
      uuid: labels.UUID ?? '',
      model: labels.modelName ?? '',
      pciBusId: labels.pci_bus_id ?? '',
      device: labels.device ?? '',
      hostname: labels.Hostname ?? '',
      namespace: labels.namespace ?? '',
      pod: labels.pod ?? '',
    }),
    values: new Map(values.map(({ metric, value }) => [metric.name, value])),
  };
}

/** OpenMetrics adds an ending to counters. */
function fieldOf(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -'_total'.length) : name;
}
