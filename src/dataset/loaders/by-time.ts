import type { RowFormat } from './format.js';
import { readRow } from './read-row.js';
import { inOrder, type RowFile, rowCount } from './row-file.js';

/** Rows in the order of their times. */
export interface TimedRows {
  readonly rows: RowFile;
  /** The whole millisecond of the earliest time, since the epoch. */
  readonly originMs: number;
}

/** Sorts the rows of a format with times of the wall clock. @throws UserError for a malformed row. */
export function byTime(file: RowFile, format: RowFormat): TimedRows {
  const times = Array.from({ length: rowCount(file) }, (_, row) => {
    const { turns } = readRow(file, row, format, { textName: '', warn: () => {} });
    return turns[0]?.timestampMs ?? Number.POSITIVE_INFINITY;
  });
  const order = times.map((_, row) => row).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  const earliest = times[order[0] ?? 0] ?? 0;
  const originMs = Number.isFinite(earliest) ? Math.floor(earliest) : 0;
  return { rows: order.every((row, place) => row === place) ? file : inOrder(file, order), originMs };
}
