import { existsSync } from 'node:fs';
import { readJsonObject } from '../../../export/run-config.js';
import { type StoredMetrics, storedMetrics } from '../../../export/stored-metrics.js';
import { isObject } from '../../../util/json.js';

/**
 * The metrics of a run of a series that has ended; undefined where its summary is missing, covers only a part of the
 * run, or is that of another series.
 */
export function completeResults(summaryFile: string, sweepId: string): StoredMetrics | undefined {
  const json = existsSync(summaryFile) ? readJsonObject(summaryFile) : undefined;
  if (json === undefined || json.is_complete !== true || !isObject(json.run_info)) return undefined;
  return json.run_info.sweep_id === sweepId ? storedMetrics(json) : undefined;
}
