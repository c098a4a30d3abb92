import type { Observation } from '../time-series.js';
import type { GpuHistory } from './gpu-history.js';
import { chartedGpuMetrics } from './gpu-metrics.js';

/** Most observations of a GPU that are kept for charts: one a second in an hour. */
const MOST_OBSERVATIONS = 3600;

/**
 * Observations of the metrics that are drawn over time. Of more than `most` samples of a GPU, as many neighbours as needed
 * share an observation with their mean, at the time of the last of them.
 */
export function* gpuObservations(
  histories: readonly GpuHistory[],
  most = MOST_OBSERVATIONS,
): Iterable<Observation> {
  for (const { source, gpu, times, values } of histories) {
    const labels = { gpu: String(gpu.index), uuid: gpu.uuid };
    const charted = chartedGpuMetrics.flatMap(({ name, unit }) => {
      const list = values.get(name);
      return list === undefined ? [] : [{ metric: { name, unit, kind: 'gauge' as const }, list }];
    });
    const width = Math.ceil(times.length / most);
    for (let from = 0; from < times.length; from += width) {
      const to = Math.min(from + width, times.length);
      const samples = charted.flatMap(({ metric, list }) => {
        const value = meanOf(list.subarray(from, to));
        return Number.isNaN(value) ? [] : [{ metric, labels, value }];
      });
      if (samples.length > 0) yield { source, atNs: times[to - 1] ?? 0, samples };
    }
  }
}

/** NaN without a value. */
function meanOf(values: Float64Array): number {
  const present = values.filter((value) => !Number.isNaN(value));
  return present.reduce((sum, value) => sum + value, 0) / present.length;
}
