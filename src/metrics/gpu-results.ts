import type { GpuHistory } from '../telemetry/gpu/gpu-history.js';
import type { GpuMetric } from '../telemetry/gpu/gpu-metrics.js';
import type { Gpu } from '../telemetry/gpu/gpu-reading.js';
import { pairwiseMean, pairwiseSum, sampleDeviation } from './pairwise-sum.js';
import type { Window } from './request-table.js';
import { type Statistics, statisticsOf } from './statistics.js';

/** A metric of a GPU with its result over the phase: a counter has `avg` alone, which is its growth. */
interface GpuMetricResult {
  readonly name: string;
  readonly header: string;
  readonly unit: string;
  readonly statistics: Statistics;
}

/** What one source reported of one GPU in the phase. */
export interface GpuResult {
  readonly source: string;
  readonly gpu: Gpu;
  readonly metrics: readonly GpuMetricResult[];
}

/**
 * Results of each GPU, those without a value in the phase left out, by source and index.
 * @param metrics all that may be there, in the order of files. @param phase from its start to its last response.
 */
export function gpuResults(
  histories: readonly GpuHistory[],
  metrics: readonly GpuMetric[],
  phase: Window,
): readonly GpuResult[] {
  const sources = [...new Set(histories.map(({ source }) => source))];
  return sources.flatMap((source) =>
    histories
      .filter((history) => history.source === source)
      .sort((a, b) => a.gpu.index - b.gpu.index)
      .map((history) => ({ source, gpu: history.gpu, metrics: resultsOf(history, metrics, phase) }))
      .filter((result) => result.metrics.length > 0),
  );
}

function resultsOf(
  { times, values }: GpuHistory,
  metrics: readonly GpuMetric[],
  phase: Window,
): readonly GpuMetricResult[] {
  return metrics.flatMap(({ name, header, unit, kind }) => {
    const list = values.get(name);
    if (list === undefined) return [];
    const statistics =
      kind === 'gauge' ? gaugeIn(times, list, phase) : growthStatistics(times, list, kind, phase);
    return statistics === undefined ? [] : [{ name, header, unit, statistics }];
  });
}

/** Statistics over the values within the phase, summed in NumPy's order as AIPerf's; `std` is that of a sample. */
export function gaugeIn(times: Float64Array, values: Float64Array, phase: Window): Statistics | undefined {
  const inside = values.filter(
    (value, i) => !Number.isNaN(value) && (times[i] ?? 0) >= phase.fromNs && (times[i] ?? 0) <= phase.toNs,
  );
  const ordered = statisticsOf(inside.slice().sort());
  return (
    ordered && {
      ...ordered,
      avg: pairwiseMean(inside),
      std: sampleDeviation(inside),
      sum: pairwiseSum(inside),
    }
  );
}

/** How far a counter grew, and between which samples. */
export interface CounterGrowth extends Window {
  readonly total: number;
  /** It fell in between: what it grew before is known up to the last sample only. */
  readonly wasReset: boolean;
}

/**
 * Growth from the last sample before the phase to the first one after it, or between the outermost samples within. A
 * value below the one before is growth from 0: the counter was reset. Undefined without two samples.
 */
export function growthIn(
  times: Float64Array,
  values: Float64Array,
  phase: Window,
): CounterGrowth | undefined {
  let total = 0;
  let wasReset = false;
  const [first, ...others] = samplesAround(times, values, phase);
  let last = first;
  for (const next of others) {
    const before = values[last ?? 0] ?? 0;
    const after = values[next] ?? 0;
    if (after < before) wasReset = true;
    total += after < before ? after : after - before;
    last = next;
  }
  if (first === undefined || last === undefined || first === last) return undefined;
  return {
    total: wasReset ? total : difference(values, first, last),
    wasReset,
    ...spanOf(times, first, last),
  };
}

/** Places of the samples of the phase, with the one before and the one after it. */
function samplesAround(times: Float64Array, values: Float64Array, { fromNs, toNs }: Window): number[] {
  const places: number[] = [];
  for (let i = 0; i < times.length; i++) {
    if (Number.isNaN(values[i] ?? Number.NaN)) continue;
    if ((times[i] ?? 0) < fromNs) places[0] = i;
    else places.push(i);
    if ((times[i] ?? 0) >= toNs) break;
  }
  return places;
}

/** One subtraction, so that the digits are those of AIPerf. */
function difference(values: Float64Array, first: number, last: number): number {
  return (values[last] ?? 0) - (values[first] ?? 0);
}

function spanOf(times: Float64Array, first: number, last: number): Window {
  return { fromNs: times[first] ?? 0, toNs: times[last] ?? 0 };
}

function growthStatistics(
  times: Float64Array,
  values: Float64Array,
  kind: 'counter' | 'code',
  phase: Window,
): Statistics | undefined {
  if (kind === 'counter') {
    const growth = growthIn(times, values, phase);
    return growth && { avg: growth.total };
  }
  const codes = samplesAround(times, values, phase).map((i) => values[i] ?? 0);
  if (codes.length < 2) return undefined;
  return { avg: codes.filter((code, i) => i > 0 && code !== 0 && code !== codes[i - 1]).length };
}
