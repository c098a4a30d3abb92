import { RunColumns } from '../../charts/run-columns.js';
import { metricTag } from '../../config/metric-names.js';
import type { ConfigOf } from '../../config/option.js';
import { orList } from '../../config/words.js';
import { readRecords } from '../../export/read-records.js';
import { everything, parseFilter } from '../../metrics/filter.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { RecordFilter } from '../report/record-filter.js';
import { withoutRequests } from '../report/recovered.js';
import type { RunFolder } from '../report/run-folder.js';
import { sliceSecondsTold, slosTold, whatIsTold } from '../report/told.js';
import { limitOf, slosOf } from '../slos.js';
import type { plotOptions } from './options.js';

/** The requests of a run, as charts need them. @throws UserError where there is none. */
export function readRun(
  files: RunFolder,
  { goodput, sliceDuration, where }: ConfigOf<typeof plotOptions>,
  io: Io,
): RunColumns {
  const told = whatIsTold(files);
  const run = new RunColumns({
    limits: (goodput === undefined ? slosTold(told) : slosOf(goodput)).map(limitOf),
    sliceSeconds: sliceDuration ?? sliceSecondsTold(told),
  });
  const filter = new RecordFilter(where === undefined ? everything : parseFilter(where, metricTag));
  let all = 0;
  let isCut = false;
  const onCut = () => {
    isCut = true;
  };
  for (const record of readRecords(files.records, onCut)) {
    if (record.phase === 'warmup') continue;
    all++;
    if (filter.passes(record)) run.add(record);
  }
  if (all === 0) throw withoutRequests(files.records);
  filter.requireKnown();
  if (run.length === 0)
    throw new UserError(`--where: none of the ${all} requests of this run meets '${where}'.`);
  const missing = run.limits.filter(({ tag }) => !run.has(tag)).map(({ tag }) => tag);
  if (goodput !== undefined && missing.length > 0 && run.failedCount < run.length) {
    throw new UserError(
      `--goodput: no request of this run has ${orList(missing)}.`,
      'Metrics of single tokens need a run with --streaming.',
    );
  }
  if (isCut) io.stderr.write('The last line of the records is cut off: 1 record is left out.\n');
  return run;
}
