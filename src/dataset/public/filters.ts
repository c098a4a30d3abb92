import { UserError } from '../../util/errors.js';
import { type Cell, type Cells, jsonOf } from './cells.js';
import { plainModel } from './exgentic.js';

/** Keeps the rows whose columns have certain values, in any case; a list has each of its values. */
export interface RowFilter {
  readonly columns: readonly string[];
  accepts(row: Cells): boolean;
  /** The error for a filter that no row has passed; lists values that there are. */
  nothingLeft(): UserError;
}

/** @param columnOf the columns of keys that are none themselves. */
export function openFilter(
  wanted: Readonly<Record<string, string>>,
  columnOf: Readonly<Record<string, string>> = {},
): RowFilter {
  const conditions = Object.entries(wanted).map(([key, value]) => ({
    ...{ key, value: value.toLowerCase(), column: columnOf[key] ?? key },
    seen: new Set<string>(),
  }));
  return {
    columns: conditions.map(({ column }) => column),
    accepts(row) {
      let isAccepted = true;
      for (const { column, value, seen } of conditions) {
        const values = valuesOf(row[column]);
        for (const each of values) if (seen.size < mostSeen) seen.add(each);
        isAccepted &&= values.some((each) => each.toLowerCase() === value);
      }
      return isAccepted;
    },
    nothingLeft() {
      const asked = Object.entries(wanted).map(([key, value]) => `${key}=${value}`);
      const there = conditions.map(
        ({ key, seen }) => `${key}: ${[...seen].sort().map(shortened).join(', ') || 'none'}`,
      );
      return new UserError(
        `no row passes --dataset-filter ${asked.join(' ')}`,
        `Values found: ${there.join('; ')}`,
      );
    },
  };
}

const mostSeen = 10;

function shortened(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 39)}…`;
}

function valuesOf(cell: Cell | undefined): string[] {
  const json = jsonOf(cell);
  return (Array.isArray(json) ? json : [json]).map((value) =>
    typeof value === 'string' ? plainModel(value) : JSON.stringify(value),
  );
}
