import type { GpuPlatform } from '../telemetry/gpu/gpu-metrics.js';
import { goodRequestCount } from './goodput-metrics.js';
import type { GpuPower } from './gpu-power.js';
import type { PoweredRun, PowerMetric, Unit } from './metric.js';
import { requestLatency } from './request-metrics.js';
import type { MetricResult, Results } from './results.js';
import { requestCount, totalIsl, totalOsl } from './run-metrics.js';

const platformTitles: Readonly<Record<GpuPlatform, string>> = { nvidia: 'NVIDIA', amd: 'AMD' };

interface Row {
  readonly tag: string;
  readonly label: string;
  readonly unit: Unit;
  readonly largerIsBetter?: boolean;
  readonly formula: string;
  readonly absent: string;
  readonly compute: (power: GpuPower, run: PoweredRun) => number | undefined;
}

const requestsOf = (run: PoweredRun) => run.average(requestCount);
const outputTokensOf = (run: PoweredRun) => run.average(totalOsl);
const noEnergy = 'no energy was measured';

/** Rows of each vendor, in the order of their table. E is the energy of all GPUs in the phase. */
const rows: readonly Row[] = [
  {
    tag: 'energy_delay_product',
    label: 'Energy Delay Product',
    unit: 'J*s',
    formula: 'Energy per Request * mean Request Latency in seconds',
    absent: 'no request succeeded',
    compute: ({ phaseJoules }, run) =>
      times(ratio(phaseJoules, requestsOf(run)), times(run.average(requestLatency), 1e-3)),
  },
  {
    tag: 'performance_per_watt',
    label: 'Performance per Watt',
    unit: 'requests/sec/W',
    largerIsBetter: true,
    formula: 'Request Count / E',
    absent: noEnergy,
    compute: ({ phaseJoules }, run) => ratio(requestsOf(run), phaseJoules),
  },
  {
    tag: 'output_tps_per_watt',
    label: 'Output Tokens per Second per Watt',
    unit: 'tokens/sec/W',
    largerIsBetter: true,
    formula: 'Total Output Sequence Length / E',
    absent: 'no output length',
    compute: ({ phaseJoules }, run) => ratio(outputTokensOf(run), phaseJoules),
  },
  {
    tag: 'goodput_per_watt',
    label: 'Goodput per Watt',
    unit: 'good-req/s/W',
    largerIsBetter: true,
    formula: 'Good Request Count / E',
    absent: 'there is no `--goodput`',
    compute: ({ phaseJoules }, run) => ratio(run.average(goodRequestCount), phaseJoules),
  },
  {
    tag: 'average_gpu_power',
    label: 'Average GPU Power',
    unit: 'W',
    formula: 'mean of one GPU: energy between its samples / time between them, averaged over the GPUs',
    absent: noEnergy,
    compute: ({ watts, gpus }) => watts / gpus,
  },
  {
    tag: 'total_gpu_energy',
    label: 'Total GPU Energy',
    unit: 'J',
    formula:
      'growth of the energy counters, from the last sample before the phase to the first one after its last response; ' +
      'without a counter power samples, integrated by the trapezoidal rule; a GPU that several sources report counts once',
    absent: noEnergy,
    compute: ({ joules }) => joules,
  },
  {
    tag: 'total_gpu_power',
    label: 'Total GPU Power',
    unit: 'W',
    formula: 'sum over the GPUs of the mean of their power samples within the phase',
    absent: 'no power was reported',
    compute: ({ sampledWatts }) => sampledWatts,
  },
  {
    tag: 'energy_per_total_token',
    label: 'Energy per Total Token',
    unit: 'mJ/token',
    formula: '1000 * E / (Total Input Sequence Length + Total Output Sequence Length)',
    absent: 'either length is not known',
    compute: ({ phaseJoules }, run) => {
      const [input, output] = [run.average(totalIsl), outputTokensOf(run)];
      if (input === undefined || output === undefined) return undefined;
      return ratio(1000 * phaseJoules, input + output);
    },
  },
  {
    tag: 'energy_per_output_token',
    label: 'Energy per Output Token',
    unit: 'mJ/token',
    formula: '1000 * E / Total Output Sequence Length',
    absent: 'no output length',
    compute: ({ phaseJoules }, run) => ratio(1000 * phaseJoules, outputTokensOf(run)),
  },
  {
    tag: 'energy_per_request',
    label: 'Energy per Request',
    unit: 'joules/request',
    formula: 'E / Request Count',
    absent: 'no request succeeded',
    compute: ({ phaseJoules }, run) => ratio(phaseJoules, requestsOf(run)),
  },
  {
    tag: 'output_tokens_per_joule',
    label: 'Output Tokens per Joule',
    unit: 'tokens/J',
    largerIsBetter: true,
    formula: 'Total Output Sequence Length / E',
    absent: 'no output length',
    compute: ({ phaseJoules }, run) => ratio(outputTokensOf(run), phaseJoules),
  },
  {
    tag: 'energy_per_user',
    label: 'Energy per User',
    unit: 'joules/user',
    formula: 'E / `--concurrency`',
    absent: 'there is no limit of concurrency',
    compute: ({ phaseJoules }, { concurrency }) => ratio(phaseJoules, concurrency),
  },
];

function rowsOf(platform: GpuPlatform): PowerMetric[] {
  return rows.map((row, i) => ({
    ...row,
    kind: 'power',
    platform,
    tag: `${platform}_${row.tag}`,
    short: row.label,
    displayUnit: row.unit,
    factor: 1,
    requires: ['GPU telemetry'],
    largerIsBetter: row.largerIsBetter ?? false,
    order: 100 * (i + 1),
    wholeRunOnly: true,
    formula: `${platformTitles[platform]} GPUs: ${row.formula}`,
  }));
}

/** Power and energy of the GPUs of each vendor. */
export const powerMetrics: readonly PowerMetric[] = [...rowsOf('nvidia'), ...rowsOf('amd')];

/** Power of all GPUs, of each vendor. */
export const totalGpuPower = ofVendors('total_gpu_power');
/** Output tokens per joule of all GPUs, of each vendor. */
export const outputTokensPerJoule = ofVendors('output_tokens_per_joule');

function ofVendors(tag: string): readonly PowerMetric[] {
  return powerMetrics.filter((metric) => metric.tag === `${metric.platform}_${tag}`);
}

/** Results of the power metrics of each vendor that was measured. */
export function powerResults(measured: readonly GpuPower[], run: PoweredRun): Results {
  return measured.flatMap((power) =>
    powerMetrics
      .filter(({ platform }) => platform === power.platform)
      .flatMap(({ tag, unit, compute }): readonly MetricResult[] => {
        const value = compute(power, run);
        return value === undefined || !Number.isFinite(value)
          ? []
          : [{ tag, unit, statistics: { avg: value } }];
      }),
  );
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}
