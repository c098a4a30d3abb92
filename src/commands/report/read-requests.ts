import type { Rows } from '../../metrics/column.js';
import { comparisonsIn, everything, type Filter } from '../../metrics/filter.js';
import type { Metric } from '../../metrics/metric.js';
import { type OtherValue, RequestTable } from '../../metrics/request-table.js';
import { type StoredRecord, storedFacts } from '../../metrics/stored-request.js';
import { findMetric, metrics as metricTable } from '../../metrics/table.js';
import { readPhase, withoutRequests } from '../../run/open.js';
import { UserError } from '../../util/errors.js';
import type { Json } from '../../util/json.js';
import { andList } from '../../util/lists.js';
import { meantTag } from '../slos.js';

/** Which requests of a file are read, and which of their columns. */
export interface RequestQuery {
  readonly metrics: readonly Metric[];
  /** Tags and other names, also those that no metric row of ours has. */
  readonly names?: readonly string[];
  /** Which of them count; its names are read, too. */
  readonly filter: Filter;
}

/** Requests of the run proper, as a table. */
export interface StoredRequests {
  readonly table: RequestTable;
  /** Those that meet the condition. */
  readonly rows: Rows;
  /** The last line is cut off, and left out. */
  readonly isCut: boolean;
}

/** @throws UserError where there is no request, and for a name in the condition that none has a number of. */
export function readRequests(
  recordsFile: string,
  { metrics, names = [], filter }: RequestQuery,
): StoredRequests {
  const comparisons = comparisonsIn(filter);
  const rows = new Set(metrics);
  const others = new Map<string, string | undefined>();
  for (const name of [...names, ...comparisons.map((comparison) => comparison.name)]) {
    const metric = findMetric(name);
    if (metric?.kind === 'record' || metric?.kind === 'list') rows.add(metric);
    else others.set(name, metric?.displayUnit);
  }
  let table: RequestTable | undefined;
  const { isCut } = readPhase(recordsFile, 'profiling', (record) => {
    table ??= new RequestTable([...rows], { epochNs: record.startNs, monotonicNs: 0n });
    const facts = storedFacts(record, noThresholds, [], table.origin);
    table.add(facts, undefined, others.size === 0 ? undefined : otherValues(record, others));
  });
  if (table === undefined) throw withoutRequests(recordsFile);
  for (const { name, column } of comparisons) {
    if (!table.hasNumber(name)) throw unknownName(name, column, [...numbersIn(recordsFile)]);
  }
  return { table, rows: filter === everything ? undefined : table.where(filter), isCut };
}

// None of the metrics that are read back depends on them.
const noThresholds = { oslMismatchPct: 0, oslMismatchTokens: 0, usageDiffPct: 0 };

/** Marks that a record holds only where they are true. */
const unmarked: Readonly<Record<string, boolean>> = { client_limited: false };

/** @param names with their units; undefined: not known yet. */
function* otherValues(record: StoredRecord, names: Map<string, string | undefined>): Generator<OtherValue> {
  for (const [name, knownUnit] of names) {
    const value = record.values.get(name) ?? numberIn(record.metadata[name] ?? unmarked[name]);
    if (value === undefined) continue;
    const unit = knownUnit ?? record.metrics.find(([tag]) => tag === name)?.[2] ?? '';
    if (knownUnit === undefined) names.set(name, unit);
    yield [name, value, unit];
  }
}

/** A mark counts as 1 where it is true. */
function numberIn(value: Json | bigint | undefined): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

/** The metrics that requests of a file have, those included that their times tell. */
export function metricsIn(recordsFile: string): Set<string> {
  return namesIn(recordsFile, () => true);
}

/** Every name that requests of a file have a number of. */
function numbersIn(recordsFile: string): Set<string> {
  const names = namesIn(recordsFile, (value) => typeof value === 'number');
  for (const name of Object.keys(unmarked)) names.add(name);
  readPhase(recordsFile, 'profiling', ({ metadata }) => {
    for (const [name, value] of Object.entries(metadata)) if (numberIn(value) !== undefined) names.add(name);
  });
  return names;
}

function namesIn(recordsFile: string, isWanted: (value: number | Float64Array) => boolean): Set<string> {
  const names = new Set<string>();
  readPhase(recordsFile, 'profiling', (record) => {
    for (const [tag, value] of record.values) if (isWanted(value)) names.add(tag);
    if (record.error !== undefined) return;
    const facts = storedFacts(record, noThresholds, [], { epochNs: record.startNs, monotonicNs: 0n });
    for (const metric of metricTable) {
      if (metric.kind !== 'record' || !metric.recomputable) continue;
      const value = metric.compute(facts);
      if (value !== undefined && !Number.isNaN(value)) names.add(metric.tag);
    }
  });
  return names;
}

function unknownName(name: string, column: number, known: readonly string[]): UserError {
  const meant = meantTag(name, known);
  return new UserError(
    `--where: at column ${column} there is '${name}', and no request of this run has such a number.` +
      `${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    meant === undefined ? `There are ${andList([...known].sort())}.` : undefined,
  );
}
