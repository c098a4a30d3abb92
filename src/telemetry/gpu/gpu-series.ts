import { MOST_OBSERVATIONS, merged } from '../kept-series.js';
import type { Observation } from '../time-series.js';
import type { GpuHistory } from './gpu-history.js';
import { keptGpuMetrics } from './gpu-metrics.js';

/**
 * Observations of the metrics of GPUs that are kept over time, by source and time: one for each reading. Of more than
 * `most` readings, as many neighbours as needed share an observation: with the mean of a gauge, and the last value of a
 * counter.
 */
export function* gpuObservations(
  histories: readonly GpuHistory[],
  most = MOST_OBSERVATIONS,
): Iterable<Observation> {
  for (const source of new Set(histories.map((history) => history.source))) {
    const byTime = new Map<number, Observation['samples'][number][]>();
    for (const { gpu, times, values } of histories.filter((history) => history.source === source)) {
      const labels = { gpu: String(gpu.index), uuid: gpu.uuid };
      const width = Math.ceil(times.length / most);
      for (const { name, unit, kind } of keptGpuMetrics) {
        const metric = { name, unit, kind };
        const keeps = kind === 'counter' ? 'last' : 'mean';
        for (const [at, value] of merged(values.get(name) ?? [], width, keeps).entries()) {
          if (Number.isNaN(value)) continue;
          const atNs = times[Math.min((at + 1) * width, times.length) - 1] ?? 0;
          const samples = byTime.get(atNs) ?? [];
          byTime.set(atNs, samples);
          samples.push({ metric, labels, value });
        }
      }
    }
    for (const [atNs, samples] of [...byTime].sort(([a], [b]) => a - b)) yield { source, atNs, samples };
  }
}
