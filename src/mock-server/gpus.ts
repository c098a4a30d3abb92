import { label } from '../util/prometheus-label.js';
import { type FamilyKind, labelList } from './exposition.js';

/** What the simulated GPUs draw: idle, and what a full batch adds. */
const idleWatts = 75;
const loadWatts = 565;
/** Each GPU draws this much more than the one before it, so that they can be told apart. */
const stepWatts = 1;
const memoryMib = 81_559;
/** vLLM reserves 90 % of the memory when it starts. */
const usedMib = Math.round(0.9 * memoryMib);
const idleCelsius = 35;
const loadCelsius = 40;
/** Seconds after which a temperature is 63 % of the way to a new one. */
const thermalSeconds = 20;

export interface GpuSettings {
  readonly gpus: number;
  /** Running requests at full load. */
  readonly fullLoad: number;
  /** Power is capped here. */
  readonly powerLimitWatts: number;
}

/**
 * GPUs that all run the same batch: their load is the number of running requests, as a fraction of `fullLoad`. Energy is
 * the exact integral of power, which only changes with the number of running requests.
 */
export class Gpus {
  readonly #settings: GpuSettings;
  /** Since when the load is what it is. */
  #sinceNs: number;
  #load = 0;
  #celsius = idleCelsius;
  readonly #joules: Float64Array;
  /** Time for which a GPU wanted more power than its limit. */
  readonly #cappedNs: Float64Array;

  constructor(settings: GpuSettings, nowNs: number) {
    this.#settings = settings;
    this.#sinceNs = nowNs;
    this.#joules = new Float64Array(settings.gpus);
    this.#cappedNs = new Float64Array(settings.gpus);
  }

  /** Takes a new number of running requests. */
  setRunning(running: number, nowNs: number): void {
    this.#advance(nowNs);
    this.#load = Math.min(1, running / this.#settings.fullLoad);
  }

  /** The page of a DCGM exporter. */
  page(nowNs: number): string {
    this.#advance(nowNs);
    const gpus = Array.from({ length: this.#settings.gpus }, (_, gpu) => [gpu, gpuLabels(gpu)] as const);
    return this.#fields()
      .map(([name, kind, help, value]) => {
        const lines = gpus.map(([gpu, labels]) => `DCGM_FI_${name}{${labels}} ${value(gpu)}\n`);
        return `# HELP DCGM_FI_${name} ${help}\n# TYPE DCGM_FI_${name} ${kind}\n${lines.join('')}`;
      })
      .join('');
  }

  #fields(): readonly (readonly [
    name: string,
    kind: FamilyKind,
    help: string,
    of: (gpu: number) => number,
  ])[] {
    const load = this.#load;
    const { powerLimitWatts } = this.#settings;
    const celsius = Math.round(this.#celsius);
    return [
      ['DEV_SM_CLOCK', 'gauge', 'SM clock frequency (in MHz).', () => (load > 0 ? 1980 : 345)],
      ['DEV_MEM_CLOCK', 'gauge', 'Memory clock frequency (in MHz).', () => 2619],
      ['DEV_MEMORY_TEMP', 'gauge', 'Memory temperature (in C).', () => celsius + 5],
      ['DEV_GPU_TEMP', 'gauge', 'GPU temperature (in C).', () => celsius],
      ['DEV_POWER_USAGE', 'gauge', 'Power draw (in W).', (gpu) => this.#watts(gpu)],
      ['DEV_POWER_MGMT_LIMIT', 'gauge', 'Power management limit (in W).', () => powerLimitWatts],
      [
        'DEV_TOTAL_ENERGY_CONSUMPTION',
        'counter',
        'Total energy consumption since boot (in mJ).',
        (gpu) => Math.floor((this.#joules[gpu] ?? 0) * 1000),
      ],
      ['DEV_GPU_UTIL', 'gauge', 'GPU utilization (in %).', () => (load > 0 ? Math.round(50 + 50 * load) : 0)],
      ['DEV_MEM_COPY_UTIL', 'gauge', 'Memory utilization (in %).', () => Math.round(70 * load)],
      ['DEV_ENC_UTIL', 'gauge', 'Encoder utilization (in %).', () => 0],
      ['DEV_DEC_UTIL', 'gauge', 'Decoder utilization (in %).', () => 0],
      ['DEV_XID_ERRORS', 'gauge', 'Value of the last XID error encountered.', () => 0],
      [
        'DEV_POWER_VIOLATION',
        'counter',
        'Throttling duration due to power constraints (in us).',
        (gpu) => this.#cappedNs[gpu] ?? 0,
      ],
      ['DEV_FB_FREE', 'gauge', 'Framebuffer memory free (in MiB).', () => memoryMib - usedMib],
      ['DEV_FB_USED', 'gauge', 'Framebuffer memory used (in MiB).', () => usedMib],
      [
        'PROF_GR_ENGINE_ACTIVE',
        'gauge',
        'Ratio of time the graphics engine is active.',
        () => (load > 0 ? 1 : 0),
      ],
      ['PROF_SM_ACTIVE', 'gauge', 'SM active ratio.', () => 0.9 * load],
    ];
  }

  #watts(gpu: number): number {
    return Math.min(this.#settings.powerLimitWatts, this.#wantedWatts(gpu));
  }

  #wantedWatts(gpu: number): number {
    return idleWatts + stepWatts * gpu + loadWatts * this.#load;
  }

  #advance(nowNs: number): void {
    const passedNs = nowNs - this.#sinceNs;
    this.#sinceNs = nowNs;
    for (const [gpu, joules] of this.#joules.entries()) {
      this.#joules[gpu] = joules + (this.#watts(gpu) * passedNs) / 1e9;
      if (this.#wantedWatts(gpu) > this.#settings.powerLimitWatts) {
        this.#cappedNs[gpu] = (this.#cappedNs[gpu] ?? 0) + passedNs;
      }
    }
    const goal = idleCelsius + loadCelsius * this.#load;
    this.#celsius = goal + (this.#celsius - goal) * Math.exp(-passedNs / 1e9 / thermalSeconds);
  }
}

function gpuLabels(gpu: number): string {
  const digits = gpu.toString(16).padStart(8, '0');
  const bus = (gpu + 1).toString(16).padStart(2, '0').toUpperCase();
  return labelList(
    label('gpu', String(gpu)),
    label('UUID', `GPU-${digits}-aaaa-bbbb-cccc-${digits.padStart(12, '0')}`),
    label('pci_bus_id', `00000000:${bus}:00.0`),
    label('device', `nvidia${gpu}`),
    label('modelName', 'NVIDIA H100 80GB HBM3'),
    label('Hostname', 'mock'),
    label('DCGM_FI_DRIVER_VERSION', '580.82.07'),
  );
}
