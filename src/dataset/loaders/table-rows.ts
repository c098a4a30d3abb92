import { jsonOf } from '../public/cells.js';
import { streamCsv } from './csv-rows.js';
import type { RowFormat, TableKind } from './format.js';
import { openParquet } from './parquet-table.js';
import { type RowText, streamRows } from './row-stream.js';

/**
 * Streams the rows of a table as JSON objects of the columns that its format reads; a Parquet file row group by row
 * group.
 * @param formatOfColumns receives the column names first. @throws UserError for a broken file, naming it.
 */
export async function* tableRows(
  path: string,
  kind: TableKind,
  formatOfColumns: (columns: readonly string[]) => RowFormat,
): AsyncGenerator<RowText> {
  if (kind === 'csv') {
    yield* streamCsv(path, formatOfColumns);
    return;
  }
  const table = await openParquet(path, path, 'copy it again, or export it anew');
  const { columns = [], optional = [] } = formatOfColumns(table.columns).table ?? {};
  const wanted = [...columns, ...optional].filter((column) => table.columns.includes(column));
  for await (const { number, cells } of table.rows(wanted))
    yield { line: number, text: JSON.stringify(jsonOf(cells as never)) };
}

/** Streams the rows of a file of a known format. @throws UserError for what cannot be read. */
export function rowsOf(path: string, format: RowFormat): AsyncGenerator<RowText> {
  return format.table === undefined ? streamRows(path) : tableRows(path, format.table.kind, () => format);
}
