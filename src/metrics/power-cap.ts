import { nvidia } from '../telemetry/gpu/gpu-metrics.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { Window } from './request-table.js';

/** A GPU that is held back for less of the run is not worth a word. */
const LEAST_SHARE = 0.05;

/** A GPU that its power limit held below the clocks it could have had. */
interface CappedGpu {
  /** URL of the source. */
  readonly source: string;
  /** As the source numbers it. */
  readonly index: string;
  /** Since when at the latest, seconds after the start of the window. */
  readonly fromSeconds: number;
  /** Of the window, 0 to 1. */
  readonly share: number;
}

/** What the power limit did to the GPUs of a run. */
export interface PowerCap {
  /** Never empty; in the order of the series. */
  readonly capped: readonly CappedGpu[];
  /** Of which it is known, whether it was capped or not; one that several sources report counts once. */
  readonly gpus: number;
  /** That report them. */
  readonly sources: number;
}

/**
 * Which GPUs the power limit held back for at least 5 % of a window, by the growth of DCGM's counter of that time; a fact of
 * the series, no test. Undefined for none.
 */
export function powerCap(series: readonly TimeSeries[], window: Window): PowerCap | undefined {
  const seen = new Set<string>();
  const known = series.filter(({ metric, source, labels: { gpu = '', uuid = '' } }) => {
    const key = uuid === '' ? `${source} ${gpu}` : uuid;
    if (metric.name !== nvidia.powerViolation.name || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const capped = known.flatMap((one) => cappedGpu(one, window) ?? []);
  const sources = new Set(known.map(({ source }) => source)).size;
  return capped.length === 0 ? undefined : { capped, gpus: known.length, sources };
}

function cappedGpu(
  { source, labels, times, values }: TimeSeries,
  { fromNs, toNs }: Window,
): CappedGpu | undefined {
  let cappedNs = 0;
  let firstNs: number | undefined;
  for (let i = 1; i < times.length; i++) {
    const [startNs, endNs] = [times[i - 1] ?? 0, times[i] ?? 0];
    const [before, after] = [values[i - 1] ?? 0, values[i] ?? 0];
    // After a drop, the counter began at 0 again.
    const growthNs = 1000 * (after < before ? after : after - before);
    if (growthNs <= 0 || endNs <= fromNs || startNs >= toNs) continue;
    const lastNs = Math.min(endNs, toNs);
    const insideNs = lastNs - Math.max(startNs, fromNs);
    // Evenly between two samples; but an exporter that reads its GPUs less often than it is asked shows at once what has
    // been since it last did: of the first such growth, no more is surely of the window than fits between the samples.
    if (growthNs <= endNs - startNs) cappedNs += growthNs * (insideNs / (endNs - startNs));
    else cappedNs += firstNs === undefined ? insideNs : Math.max(0, growthNs - (endNs - lastNs));
    firstNs ??= Math.max(fromNs, lastNs - growthNs);
  }
  const share = Math.min(1, cappedNs / (toNs - fromNs));
  if (firstNs === undefined || !(share >= LEAST_SHARE)) return undefined;
  return { source, index: labels.gpu ?? '', fromSeconds: (firstNs - fromNs) / 1e9, share };
}
