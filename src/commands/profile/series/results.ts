import { type Results, statsOf } from '../../../metrics/results.js';
import { requestCount } from '../../../metrics/run-metrics.js';
import { readFacts } from '../../../run/facts.js';
import type { RunFiles } from '../../../run/files.js';

/** What a run of a series left. */
export interface RunResults {
  readonly results: Results;
  /** By the verdict on this client, its own delays are in the figures. */
  readonly clientLimited: boolean;
  /** Number of the first session that was measured. */
  readonly firstSession: number;
}

/**
 * The results of a run of a series that has ended; undefined where its summary is missing, covers only a part of the
 * run, counts no successful request, or is that of another series.
 */
export function completeResults(files: RunFiles, seriesId: string): RunResults | undefined {
  const { facts, results } = readFacts(files);
  const { isComplete, sweepId, fidelity, firstSession = 0 } = facts;
  if (results === undefined || isComplete !== true || sweepId !== seriesId) return undefined;
  if (!statsOf(results.metrics, requestCount)?.avg) return undefined;
  return { results: results.metrics, clientLimited: fidelity?.verdict === 'client limited', firstSession };
}
