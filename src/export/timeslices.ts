import { fixed } from '../metrics/format.js';
import type { Slice } from '../metrics/slices.js';
import { configurationMembers } from '../util/configuration.js';
import type { JsonObject } from '../util/json.js';
import { prettyJson } from '../util/python-json.js';
import { byTag, csvLabel, csvRow, csvStats } from './summary-csv.js';
import { metricMembers } from './summary-json.js';

/** The text of the CSV of slices: a row for each statistic of each metric, metrics sorted by tag. */
export function timeslicesCsv(slices: readonly Slice[]): string {
  const header = csvRow(['Timeslice', 'Start_NS', 'End_NS', 'Metric', 'Unit', 'Stat', 'Value']);
  return header + slices.flatMap(rows).join('');
}

/**
 * The text of the JSON of slices.
 * @param inputConfig the resolved configuration, secrets masked.
 */
export function timeslicesJson(slices: readonly Slice[], inputConfig: JsonObject): string {
  return prettyJson({
    timeslices: slices.map(({ index, startNs, endNs, isComplete, results }) => ({
      timeslice_index: index,
      start_ns: startNs,
      end_ns: endNs,
      is_complete: isComplete ? undefined : false,
      ...metricMembers(results),
    })),
    ...configurationMembers('input_config', inputConfig),
  });
}

function rows({ index, startNs, endNs, results }: Slice): string[] {
  const place = [`${index}`, `${startNs}`, `${endNs}`];
  return byTag(results).flatMap(({ tag, unit, statistics }) =>
    csvStats.flatMap((stat) => {
      const value = statistics[stat];
      return value === undefined ? [] : [csvRow([...place, csvLabel(tag), unit, stat, fixed(value, 2)])];
    }),
  );
}
