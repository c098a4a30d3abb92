import { andList } from '../../config/words.js';
import { comparisonsIn, everything, type Filter, passes } from '../../metrics/filter.js';
import { recall } from '../../metrics/recall.js';
import { metrics as metricTable } from '../../metrics/table.js';
import type { StoredRecord } from '../../run/read-records.js';
import { UserError } from '../../util/errors.js';
import type { Json } from '../../util/json.js';
import { meantTag } from '../slos.js';

/** Values of a request by tag, each with its unit. */
export type RecordValues = ReadonlyMap<string, readonly [value: number | Float64Array, unit: string]>;

/** Which requests meet `--where`; it notes what numbers they have. */
export class RecordFilter {
  readonly #filter: Filter;
  readonly #numbers = new Set<string>(Object.keys(unmarked));

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  passes(record: StoredRecord, values: RecordValues = valuesOf(record)): boolean {
    if (this.#filter === everything) return true;
    const { metadata } = record;
    for (const [tag, [value]] of values) if (typeof value === 'number') this.#numbers.add(tag);
    for (const [name, value] of Object.entries(metadata)) {
      if (numberIn(value) !== undefined) this.#numbers.add(name);
    }
    return passes(this.#filter, (name) =>
      numberIn(values.get(name)?.[0] ?? metadata[name] ?? unmarked[name]),
    );
  }

  /** @throws UserError for a name that no request had. */
  requireKnown(): void {
    const known = [...this.#numbers];
    for (const { name, column } of comparisonsIn(this.#filter)) {
      if (known.includes(name)) continue;
      const meant = meantTag(name, known);
      throw new UserError(
        `--where: at column ${column} there is '${name}', and no request of this run has such a number.` +
          `${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
        meant === undefined ? `There are ${andList([...known].sort())}.` : undefined,
      );
    }
  }
}

// Marks that stand in a record only where they are true.
const unmarked: Readonly<Record<string, boolean>> = { client_limited: false };

/** A mark counts as 1 where it is true. */
function numberIn(value: Json | bigint | Float64Array | undefined): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

const recallables = metricTable.filter((metric) => metric.kind === 'record' && metric.recallable);
const units = new Map(metricTable.map(({ tag, displayUnit }) => [tag, displayUnit]));
const noThresholds = { oslMismatchPct: 0, oslMismatchTokens: 0, usageDiffPct: 0 };

/** Every value of a request with its unit: those of its line, and those that its times tell. */
export function valuesOf(record: StoredRecord): RecordValues {
  const values = new Map<string, readonly [number | Float64Array, string]>();
  const ownUnit = (tag: string) => record.metrics.find(([name]) => name === tag)?.[2] ?? '';
  for (const [tag, value] of record.values) values.set(tag, [value, units.get(tag) ?? ownUnit(tag)]);
  if (record.error !== undefined) return values;
  const facts = recall(record, noThresholds, [], { epochNs: record.startNs, monotonicNs: 0n });
  for (const metric of recallables) {
    if (values.has(metric.tag) || metric.kind !== 'record' || !metric.recallable) continue;
    const value = metric.compute(facts);
    if (value !== undefined && !Number.isNaN(value)) {
      values.set(metric.tag, [value * metric.factor, metric.displayUnit]);
    }
  }
  return values;
}
