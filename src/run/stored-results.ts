import type { MetricResult, Results } from '../metrics/results.js';
import { type StatName, statNames } from '../metrics/statistics.js';
import { isObject, type JsonObject } from '../util/json.js';

/** The results in a summary file of ours or of AIPerf: its members that have a unit and statistics. */
export function storedResults(summary: JsonObject): Results {
  const results: MetricResult[] = [];
  for (const [tag, member] of Object.entries(summary)) {
    if (!isObject(member) || typeof member.unit !== 'string') continue;
    const statistics: { [Name in StatName]?: number } = {};
    for (const name of statNames) {
      const value = member[name];
      if (typeof value === 'number') statistics[name] = value;
    }
    if (Object.keys(statistics).length > 0) results.push({ tag, unit: member.unit, statistics });
  }
  return results;
}
