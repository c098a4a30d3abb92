import { andList } from '../../config/words.js';
import { readRecords, type StoredRecord } from '../../export/read-records.js';
import { type Comparison, type Filter, passes } from '../../metrics/filter.js';
import { recall } from '../../metrics/recall.js';
import { Selection } from '../../metrics/selection.js';
import { metrics as metricTable } from '../../metrics/table.js';
import { UserError } from '../../util/errors.js';
import { meantTag } from '../slos.js';

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
  /** Requests of the run proper. */
  readonly all: number;
  readonly isCut: boolean;
}

const mainTags = metricTable
  .filter(({ kind, table }) => kind === 'record' && table === 'main')
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  .map(({ tag }) => tag);
const recallables = metricTable.filter((metric) => metric.kind === 'record' && metric.recallable);

// Marks that stand in a record only where they are true.
const unmarked: Readonly<Record<string, boolean>> = { client_limited: false };

/** @throws UserError for names that the records do not know, and where no request is left. */
export function select(recordsFile: string, { tags, filter }: Question): Selected {
  const wanted = new Set(tags ?? mainTags);
  const selection = new Selection();
  const seen = new Set<string>();
  const numbers = new Set<string>(Object.keys(unmarked));
  let all = 0;
  let isCut = false;
  const onCut = () => {
    isCut = true;
  };
  for (const record of readRecords(recordsFile, onCut)) {
    if (record.phase === 'warmup') continue;
    all++;
    const values = valuesOf(record);
    for (const [tag, [value]] of values) {
      seen.add(tag);
      if (typeof value === 'number') numbers.add(tag);
    }
    for (const [name, value] of Object.entries(record.metadata)) {
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
        numbers.add(name);
    }
    const number = (name: string) => {
      const value = values.get(name)?.[0] ?? record.metadata[name] ?? unmarked[name];
      if (typeof value === 'boolean') return Number(value);
      return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
    };
    if (!passes(filter, number)) continue;
    selection.add(
      [...values].flatMap(([tag, [value, unit]]) => (wanted.has(tag) ? [[tag, value, unit]] : [])),
    );
  }
  for (const comparison of filter) requireKnown(comparison, [...numbers]);
  const unknown = tags?.filter((tag) => !seen.has(tag)) ?? [];
  if (unknown.length > 0) throw new UserError(unknown.map((tag) => sentence(tag, [...seen])).join('\n'));
  return { selection, tags: tags ?? mainTags, all, isCut };
}

/** Every value of a request with its unit: those of its line, and those that its times tell. */
function valuesOf(record: StoredRecord): Map<string, readonly [number | Float64Array, string]> {
  const values = new Map<string, readonly [number | Float64Array, string]>();
  for (const [tag, , unit] of record.metrics) {
    const value = record.values.get(tag);
    if (value !== undefined) values.set(tag, [value, units.get(tag) ?? unit]);
  }
  if (record.error !== undefined) return values;
  const facts = recall(record, noThresholds, [], { epochNs: record.startNs, monotonicNs: 0n });
  for (const metric of recallables) {
    if (values.has(metric.tag) || metric.kind !== 'record' || !metric.recallable) continue;
    const value = metric.of(facts);
    if (value !== undefined && !Number.isNaN(value)) {
      values.set(metric.tag, [value * metric.factor, metric.shownIn]);
    }
  }
  return values;
}

const units = new Map(metricTable.map(({ tag, shownIn }) => [tag, shownIn]));
const noThresholds = { oslMismatchPct: 0, oslMismatchTokens: 0, usageDiffPct: 0 };

function requireKnown({ name, column }: Comparison, known: readonly string[]): void {
  if (known.includes(name)) return;
  const meant = meantTag(name, known);
  throw new UserError(
    `--where: at column ${column} there is '${name}', and no request of this run has such a number.` +
      `${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    meant === undefined ? `There are ${andList([...known].sort())}.` : undefined,
  );
}

function sentence(tag: string, seen: readonly string[]): string {
  const known = metricTable.find((metric) => metric.tag === tag);
  if (known !== undefined && known.kind !== 'record' && known.kind !== 'list') {
    return `--metric: ${tag} is one number of the whole run; percentiles need a value for each request.`;
  }
  if (known !== undefined) return `--metric: no request of this run has ${tag}.`;
  const meant = meantTag(tag, seen);
  return `--metric: ${tag} is not a metric of this run.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
}
