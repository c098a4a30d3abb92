import { ChartRun, chartMetrics } from '../../charts/chart-run.js';
import type { ConfigOf } from '../../config/option.js';
import { orList } from '../../config/words.js';
import { metricTag } from '../../metrics/abbreviations.js';
import { everything, parseFilter } from '../../metrics/filter.js';
import { recall } from '../../metrics/recall.js';
import { RequestTable } from '../../metrics/request-table.js';
import { objectivesOf } from '../../metrics/slos.js';
import { recordedSliceSeconds, recordedSlos } from '../../run/configuration.js';
import { readFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { readPhase, withoutRequests } from '../../run/open.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { RecordFilter } from '../report/record-filter.js';
import { slosOf } from '../slos.js';
import type { plotOptions } from './options.js';

/** The requests of a run, as charts need them. @throws UserError where there is none. */
export function readRun(
  files: RunFiles,
  { goodput, sliceDuration, where }: ConfigOf<typeof plotOptions>,
  io: Io,
): ChartRun {
  const { facts } = readFacts(files);
  const objectives = objectivesOf(goodput === undefined ? recordedSlos(facts) : slosOf(goodput));
  const metrics = [...new Set([...chartMetrics, ...objectives.map(({ metric }) => metric)])];
  let table: RequestTable | undefined;
  const filter = new RecordFilter(where === undefined ? everything : parseFilter(where, metricTag));
  const { records: all, isCut } = readPhase(files.records, 'profiling', (record) => {
    if (!filter.passes(record)) return;
    table ??= new RequestTable(metrics, { epochNs: record.startNs, monotonicNs: 0n });
    table.add(recall(record, noThresholds, [], table.origin));
  });
  if (all === 0) throw withoutRequests(files.records);
  filter.requireKnown();
  if (table === undefined)
    throw new UserError(`--where: none of the ${all} requests of this run meets '${where}'.`);
  const run = new ChartRun(table, { objectives, sliceSeconds: sliceDuration ?? recordedSliceSeconds(facts) });
  const missing = objectives.filter(({ metric }) => !run.has(metric)).map(({ metric }) => metric.tag);
  if (goodput !== undefined && missing.length > 0 && run.failedCount < run.length) {
    throw new UserError(
      `--goodput: no request of this run has ${orList(missing)}.`,
      'Metrics of single tokens need a run with --streaming.',
    );
  }
  if (isCut) io.stderr.write('The last line of the records is cut off: 1 record is left out.\n');
  return run;
}

/** No chart draws what thresholds decide. */
const noThresholds = { oslMismatchPct: 0, oslMismatchTokens: 0, usageDiffPct: 0 };
