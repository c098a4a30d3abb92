import type { Rows } from '../../metrics/column.js';
import type { Filter } from '../../metrics/filter.js';
import type { RequestTable } from '../../metrics/request-table.js';
import { findMetric, metrics as metricTable } from '../../metrics/table.js';
import { UserError } from '../../util/errors.js';
import { meantTag } from '../slos.js';
import { metricsIn, readRequests } from './read-requests.js';

/** Which requests are looked at, and which of their metrics. */
export interface Question {
  /** Undefined: the rows of the main table that requests have. */
  readonly tags: readonly string[] | undefined;
  readonly filter: Filter;
}

/** What a question selects from the records of a run. */
export interface Selection {
  readonly table: RequestTable;
  readonly rows: Rows;
  /** Number of selected requests. */
  readonly requests: number;
  /** Those of them that failed or were cancelled. */
  readonly failed: number;
  /** In the order to show. */
  readonly tags: readonly string[];
  readonly isCut: boolean;
}

const mainMetrics = metricTable
  .filter(({ kind, table }) => kind === 'record' && table === 'main')
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0));

/** @throws UserError for names that the records do not know, and where there is no request. */
export function select(recordsFile: string, { tags, filter }: Question): Selection {
  const query = { metrics: tags === undefined ? mainMetrics : [], names: tags ?? [], filter };
  const { table, rows, isCut } = readRequests(recordsFile, query);
  const unknown = tags?.filter((tag) => table.named(tag) === undefined) ?? [];
  if (unknown.length > 0) {
    const known = [...metricsIn(recordsFile)];
    throw new UserError(unknown.map((tag) => sentence(tag, known)).join('\n'));
  }
  const requests = rows?.length ?? table.length;
  let failed = 0;
  for (let i = 0; i < requests; i++) if (table.outcome(rows?.[i] ?? i) !== 'succeeded') failed++;
  return { table, rows, requests, failed, tags: tags ?? mainMetrics.map(({ tag }) => tag), isCut };
}

function sentence(tag: string, known: readonly string[]): string {
  const metric = findMetric(tag);
  if (metric !== undefined && metric.kind !== 'record' && metric.kind !== 'list') {
    return `--metric: ${tag} is one number of the whole run; percentiles need a value for each request.`;
  }
  if (metric !== undefined) return `--metric: no request of this run has ${tag}.`;
  const meant = meantTag(tag, known);
  return `--metric: ${tag} is not a metric of this run.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
}
