import { statsOf } from '../../../metrics/results.js';
import { requestCount } from '../../../metrics/run-metrics.js';
import type { WeighedRun } from '../../../run/compared-point.js';
import { readFacts } from '../../../run/facts.js';
import type { RunFiles } from '../../../run/files.js';

/**
 * The results of a run of a series that has ended; undefined where its summary is missing, covers only a part of the
 * run, counts no successful request, or is that of another series.
 */
export function completeResults(files: RunFiles, seriesId: string): WeighedRun | undefined {
  const { facts, results } = readFacts(files);
  const { isComplete, sweepId } = facts;
  if (results === undefined || isComplete !== true || sweepId !== seriesId) return undefined;
  if (!statsOf(results.metrics, requestCount)?.avg) return undefined;
  return { facts, summary: { results: results.metrics } };
}

/** Why a run that has ended has no complete results. */
export function incompleteReason(files: RunFiles): string {
  return readFacts(files).facts.incompleteReason ?? 'its results could not be written';
}
