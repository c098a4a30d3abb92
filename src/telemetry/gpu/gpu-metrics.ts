/** A metric of a GPU, in the unit that files and tables show. */
export interface GpuMetric {
  /** `nvidia_power_usage`. */
  readonly name: string;
  /** `NVIDIA GPU Power Usage`. */
  readonly header: string;
  readonly unit: string;
  /**
   * `counter`: only grows; its result is the growth over the phase. `code`: the code of the last error; its result is
   * how often it changed to another than 0.
   */
  readonly kind: 'gauge' | 'counter' | 'code';
}

/** Vendors, as files name them. */
export type GpuPlatform = 'nvidia' | 'amd';

const gauge = (name: string, header: string, unit: string) =>
  ({ name, header, unit, kind: 'gauge' }) as const;

/** Metrics of NVIDIA GPUs, in the order of files and tables. */
export const nvidia = {
  power: gauge('nvidia_power_usage', 'NVIDIA GPU Power Usage', 'W'),
  energy: {
    name: 'nvidia_energy_consumption',
    header: 'NVIDIA Energy Consumption',
    unit: 'MJ',
    kind: 'counter',
  },
  utilization: gauge('nvidia_gpu_utilization', 'NVIDIA GPU Utilization', '%'),
  memoryUtilization: gauge('nvidia_memory_utilization', 'NVIDIA Memory Utilization', '%'),
  memoryUsed: gauge('nvidia_memory_used', 'NVIDIA GPU Memory Used', 'GB'),
  temperature: gauge('nvidia_temperature', 'NVIDIA GPU Temperature', '°C'),
  smUtilization: gauge('nvidia_sm_utilization', 'NVIDIA SM Utilization', '%'),
  decoder: gauge('nvidia_decoder_utilization', 'NVIDIA Decoder Utilization', '%'),
  encoder: gauge('nvidia_encoder_utilization', 'NVIDIA Encoder Utilization', '%'),
  xidErrors: { name: 'nvidia_xid_errors', header: 'NVIDIA XID Errors', unit: 'count', kind: 'code' },
  powerViolation: {
    name: 'nvidia_power_violation',
    header: 'NVIDIA Power Violation',
    unit: 'us',
    kind: 'counter',
  },
} as const satisfies Readonly<Record<string, GpuMetric>>;

/** Metrics of AMD GPUs, named by what the sensor measures: GFX activity is not NVIDIA's utilization. */
export const amd = {
  power: gauge('amd_power', 'AMD GPU Power', 'W'),
  energy: { name: 'amd_energy_consumption', header: 'AMD Energy Consumption', unit: 'MJ', kind: 'counter' },
  gfxActivity: gauge('amd_gfx_activity', 'AMD GFX Activity', '%'),
  umcActivity: gauge('amd_umc_activity', 'AMD UMC Activity', '%'),
  mmActivity: gauge('amd_mm_activity', 'AMD MM Activity', '%'),
  memoryUsed: gauge('amd_memory_used', 'AMD GPU Memory Used', 'GB'),
  temperature: gauge('amd_temperature', 'AMD GPU Temperature', '°C'),
  eccErrors: {
    name: 'amd_ecc_uncorrectable',
    header: 'AMD ECC Uncorrectable',
    unit: 'count',
    kind: 'counter',
  },
  throttled: gauge('amd_throttle_status', 'AMD Throttle Status', 'count'),
} as const satisfies Readonly<Record<string, GpuMetric>>;

/** All metrics but those of a custom file, in the order of files and tables. */
export const gpuMetrics: readonly GpuMetric[] = [...Object.values(nvidia), ...Object.values(amd)];

/** Names of the metrics that the power of a vendor's GPUs is computed from. */
export const powerNames: Readonly<Record<GpuPlatform, { readonly power: string; readonly energy: string }>> =
  {
    nvidia: { power: nvidia.power.name, energy: nvidia.energy.name },
    amd: { power: amd.power.name, energy: amd.energy.name },
  };

/** Metrics that are kept over time, for charts and explanations. */
export const keptGpuMetrics = [
  ...[nvidia.power, nvidia.utilization, nvidia.powerViolation],
  ...[amd.power, amd.gfxActivity],
] as const satisfies readonly GpuMetric[];
