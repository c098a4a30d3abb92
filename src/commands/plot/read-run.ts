import { ChartRun, chartMetrics, sliceMetrics } from '../../charts/chart-run.js';
import type { ConfigOf } from '../../config/option.js';
import { metricTag } from '../../metrics/abbreviations.js';
import { everything, parseFilter } from '../../metrics/filter.js';
import { slicesOf, timeSlices } from '../../metrics/slices.js';
import { objectivesOf } from '../../metrics/slos.js';
import { offeredSlices } from '../../report/offered-load.js';
import { viewed } from '../../run/configuration.js';
import { readFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { readSeries } from '../../run/read-series.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { orList } from '../../util/lists.js';
import { readRequests } from '../report/read-requests.js';
import { viewTraitsOf } from '../view.js';
import type { plotOptions } from './options.js';

/** The requests of a run, for charts. @throws UserError if there are none. */
export function readRun(files: RunFiles, config: ConfigOf<typeof plotOptions>, io: Io): ChartRun {
  const { goodput, where } = config;
  const { facts, traits } = viewed(readFacts(files).facts, viewTraitsOf(config));
  const objectives = objectivesOf(traits.slos ?? []);
  const { table, rows, isCut } = readRequests(files.records, {
    metrics: [...chartMetrics, ...objectives.map(({ metric }) => metric)],
    filter: where === undefined ? everything : parseFilter(where, metricTag),
  });
  if (rows?.length === 0) {
    throw new UserError(`--where: none of the ${table.length} requests of this run meets '${where}'.`);
  }
  const series = readSeries(files.series, table.origin);
  const shown = rows === undefined ? table : table.only(rows);
  const slices = timeSlices(shown, traits);
  const sliced = slices && { ...slices, slices: slicesOf(shown, slices.windows, sliceMetrics) };
  const run = new ChartRun(shown, {
    ...{ objectives, sliced, series },
    // It is of all requests.
    offered: rows === undefined ? offeredSlices(facts.shards) : undefined,
  });
  const missing = objectives.filter(({ metric }) => !run.has(metric)).map(({ metric }) => metric.tag);
  if (goodput !== undefined && missing.length > 0 && run.failedCount < run.length) {
    throw new UserError(
      `--goodput: no request of this run has ${orList(missing)}.`,
      'Metrics of single tokens need a run with --streaming.',
    );
  }
  if (isCut) io.stderr.write('The last line of the records is cut off: 1 record is skipped.\n');
  return run;
}
