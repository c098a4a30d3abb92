import { jsonOf } from './cells.js';
import type { RowMapping } from './mapping.js';

const columns = ['id', 'block_size', 'hash_id_scope', 'requests'];

/** Traces of Weka's KV cache tester, one a row as a line of a `weka_trace` file. */
export const wekaTraces: RowMapping = {
  type: 'weka_trace',
  isTrace: true,
  columns,
  read: (row) => [Object.fromEntries(columns.map((column) => [column, jsonOf(row[column])]))],
};

/** Whether a data set with these columns holds such traces. */
export function holdsWekaTraces(found: readonly string[]): boolean {
  return columns.every((column) => found.includes(column));
}
