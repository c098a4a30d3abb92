import { existsSync } from 'node:fs';
import { readJsonObject } from '../../../export/run-config.js';
import { storedResults } from '../../../export/stored-results.js';
import type { Results } from '../../../metrics/results.js';
import { isObject } from '../../../util/json.js';

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
export function completeResults(summaryFile: string, sweepId: string): RunResults | undefined {
  const json = existsSync(summaryFile) ? readJsonObject(summaryFile) : undefined;
  if (json === undefined || json.is_complete !== true || !isObject(json.run_info)) return undefined;
  if (json.run_info.sweep_id !== sweepId) return undefined;
  const { request_count: successful } = json;
  if (!isObject(successful) || !successful.avg) return undefined;
  const clientLimited = isObject(json.fidelity) && json.fidelity.verdict === 'client limited';
  const { first_session: first } = json.run_info;
  return { results: storedResults(json), clientLimited, firstSession: typeof first === 'number' ? first : 0 };
}
