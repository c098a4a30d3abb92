import { goodRequestFraction } from '../metrics/goodput-metrics.js';
import type { Metric } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { estimate } from '../metrics/noise.js';
import { outputTokensPerJoule, totalGpuPower } from '../metrics/power-metrics.js';
import {
  e2eOutputTokenThroughput,
  outputTokenThroughputPerUser,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import { statsOf } from '../metrics/results.js';
import { outputTokenThroughput } from '../metrics/run-metrics.js';
import type { ComparedPoint } from '../metrics/trade-off.js';
import type { Run } from './run.js';

/** A run as it is compared with others. */
export interface WeighedRun extends Pick<Run, 'facts'> {
  readonly summary: Pick<RunSummary, 'results'>;
}

/** The point that these repeats make up, at least one. @param level of confidence, between 0 and 1. */
export function comparedPoint(
  { name, load }: Pick<ComparedPoint, 'name' | 'load'>,
  runs: readonly WeighedRun[],
  level: number,
): ComparedPoint {
  const results = runs.map(({ summary }) => summary.results);
  const of = (metric: Metric) => estimate(results, metric, level);
  const ofVendor = (metrics: readonly Metric[]) => metrics.map(of).find((value) => value !== undefined);
  return {
    ...{ name, load, runs: runs.length },
    throughput: of(outputTokenThroughput),
    perUser: of(perUserMetric(runs)),
    goodShare: of(goodRequestFraction)?.mean,
    ttft: of(timeToFirstToken),
    latency: of(requestLatency),
    gpuPower: ofVendor(totalGpuPower),
    tokensPerJoule: ofVendor(outputTokensPerJoule),
    clientLimited: runs.some(isClientLimited),
    ...(runs.some(isIncomplete) ? { isIncomplete: true } : {}),
  };
}

/** Its results cover only a part of its load. */
function isIncomplete({ facts }: WeighedRun): boolean {
  return facts.incompleteReason !== undefined;
}

/** The client's own delays are in the figures. */
export function isClientLimited({ facts }: WeighedRun): boolean {
  return facts.fidelity?.verdict === 'client limited';
}

/** The tokens/s that a user sees; of the whole response if no run streamed. */
export function perUserMetric(runs: readonly WeighedRun[]): Metric {
  return runs.some(({ summary }) => statsOf(summary.results, outputTokenThroughputPerUser) !== undefined)
    ? outputTokenThroughputPerUser
    : e2eOutputTokenThroughput;
}
