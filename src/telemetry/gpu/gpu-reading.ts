import type { GpuPlatform } from './gpu-metrics.js';

/** A GPU as its source describes it; empty where the source does not say. */
export interface Gpu {
  readonly platform: GpuPlatform;
  readonly index: number;
  readonly uuid: string;
  readonly model: string;
  readonly pciBusId: string;
  readonly device: string;
  readonly hostname: string;
  readonly namespace: string;
  readonly pod: string;
}

/** A GPU of which only this is known. */
export function gpuOf(platform: GpuPlatform, index: number, known: Partial<Gpu> = {}): Gpu {
  const unknown = { uuid: '', model: '', pciBusId: '', device: '', hostname: '', namespace: '', pod: '' };
  return { platform, index, ...unknown, ...known };
}

/** What one GPU reported at one time. */
export interface GpuReading {
  readonly gpu: Gpu;
  /** Finite values by the name of the metric, in its unit. */
  readonly values: ReadonlyMap<string, number>;
}

/** What one source reported at one time. */
export interface GpuObservation {
  /** URL of the source, without secrets. */
  readonly source: string;
  /** When it was asked, ns since the clock's origin. */
  readonly atNs: number;
  readonly readings: readonly GpuReading[];
}
