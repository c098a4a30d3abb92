import { type Statistics, type StatName, statNames } from '../metrics/statistics.js';
import { isObject, type JsonObject } from '../util/json.js';

/** A metric as a summary file holds it, in its display unit. */
export interface StoredMetric {
  readonly unit: string;
  readonly statistics: Statistics;
}

/** Metrics of a summary file by tag, in the order of the file. */
export type StoredMetrics = ReadonlyMap<string, StoredMetric>;

/** The metrics of a summary file of ours or of AIPerf: its members that have a unit and statistics. */
export function storedMetrics(summary: JsonObject): StoredMetrics {
  const metrics = new Map<string, StoredMetric>();
  for (const [tag, member] of Object.entries(summary)) {
    if (!isObject(member) || typeof member.unit !== 'string') continue;
    const statistics: { [Name in StatName]?: number } = {};
    for (const name of statNames) {
      const value = member[name];
      if (typeof value === 'number') statistics[name] = value;
    }
    if (Object.keys(statistics).length > 0) metrics.set(tag, { unit: member.unit, statistics });
  }
  return metrics;
}
