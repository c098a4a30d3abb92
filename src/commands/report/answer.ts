import { selectionCsv, selectionJson } from '../../export/selection-text.js';
import { metricTag } from '../../metrics/abbreviations.js';
import { everything, parseFilter } from '../../metrics/filter.js';
import { type MetricQuantiles, quantilesOf } from '../../metrics/quantiles.js';
import type { Layout } from '../../report/layout.js';
import { selectionTable } from '../../report/selection-table.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import { select } from './select.js';

/** What `aiperf report` can be asked of single requests. */
export interface Questions {
  readonly metric: readonly string[] | undefined;
  readonly percentiles: readonly number[];
  readonly where: string | undefined;
  readonly confidence: boolean;
  readonly format: 'table' | 'json' | 'csv';
}

/** The run that is asked about. */
interface QueriedRun {
  readonly recordsFile: string;
  /** Why its records are those of a part of its load; undefined: they are not. */
  readonly incompleteReason: string | undefined;
}

/** Prints statistics of any metrics over any requests of a run. @throws UserError where there is no answer. */
export function answer(
  questions: Questions,
  { recordsFile, incompleteReason }: QueriedRun,
  layout: Layout,
  io: Io,
): void {
  const { where, percentiles, confidence } = questions;
  const filter = where === undefined ? everything : parseFilter(where, metricTag);
  const { table, rows, requests, failed, tags, isCut } = select(recordsFile, {
    tags: questions.metric,
    filter,
  });
  if (requests === 0) {
    throw new UserError(`--where: none of the ${table.length} requests of this run meets '${where}'.`);
  }
  if (isCut) io.stderr.write('The last line of the records is cut off: 1 record is skipped.\n');
  if (incompleteReason !== undefined) io.stderr.write(`Incomplete results: ${oneLine(incompleteReason)}\n`);
  const metrics: MetricQuantiles[] = [];
  for (const tag of tags) {
    const metric = quantilesOf(table, tag, rows, { percents: percentiles, withIntervals: confidence });
    if (metric !== undefined) metrics.push(metric);
    else if (questions.metric !== undefined) io.stderr.write(`None of these requests has ${tag}.\n`);
  }
  switch (questions.format) {
    case 'json':
      io.stdout.write(selectionJson(metrics, { where, requests, failed, incompleteReason }));
      break;
    case 'csv':
      io.stdout.write(selectionCsv(metrics));
      break;
    case 'table':
      io.stdout.write(selectionTable(metrics, { where, requests, all: table.length }, layout));
  }
}
