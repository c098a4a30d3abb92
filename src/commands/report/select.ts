import type { Filter } from '../../metrics/filter.js';
import { Selection } from '../../metrics/selection.js';
import { findMetric, metrics as metricTable } from '../../metrics/table.js';
import { readPhase } from '../../run/open.js';
import { UserError } from '../../util/errors.js';
import { meantTag } from '../slos.js';
import { RecordFilter, valuesOf } from './record-filter.js';

/** Which requests are looked at, and which of their metrics. */
export interface Question {
  /** Undefined: the rows of the main table that requests have. */
  readonly tags: readonly string[] | undefined;
  readonly filter: Filter;
}

/** What a question selects from the records of a run. */
export interface Selected {
  readonly selection: Selection;
  /** In the order to show. */
  readonly tags: readonly string[];
  /** Of the selected requests those that failed or were cancelled. */
  readonly failed: number;
  /** Requests of the run proper. */
  readonly all: number;
  readonly isCut: boolean;
}

const mainTags = metricTable
  .filter(({ kind, table }) => kind === 'record' && table === 'main')
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  .map(({ tag }) => tag);

/** @throws UserError for names that the records do not know, and where no request is left. */
export function select(recordsFile: string, { tags, filter }: Question): Selected {
  const wanted = new Set(tags ?? mainTags);
  const selection = new Selection();
  const seen = new Set<string>();
  const recordFilter = new RecordFilter(filter);
  let failed = 0;
  const { records: all, isCut } = readPhase(recordsFile, 'profiling', (record) => {
    const values = valuesOf(record);
    for (const tag of values.keys()) seen.add(tag);
    if (!recordFilter.passes(record, values)) return;
    if (record.error !== undefined) failed++;
    selection.add(
      [...values].flatMap(([tag, [value, unit]]) => (wanted.has(tag) ? [[tag, value, unit]] : [])),
    );
  });
  recordFilter.requireKnown();
  const unknown = tags?.filter((tag) => !seen.has(tag)) ?? [];
  if (unknown.length > 0) throw new UserError(unknown.map((tag) => sentence(tag, [...seen])).join('\n'));
  return { selection, tags: tags ?? mainTags, failed, all, isCut };
}

function sentence(tag: string, seen: readonly string[]): string {
  const known = findMetric(tag);
  if (known !== undefined && known.kind !== 'record' && known.kind !== 'list') {
    return `--metric: ${tag} is one number of the whole run; percentiles need a value for each request.`;
  }
  if (known !== undefined) return `--metric: no request of this run has ${tag}.`;
  const meant = meantTag(tag, seen);
  return `--metric: ${tag} is not a metric of this run.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
}
