import { isUtf8 } from 'node:buffer';
import { messageOf, UserError } from '../../util/errors.js';
import { fileChunks } from '../../util/lines.js';
import { readCsv } from '../loaders/csv-rows.js';
import type { RowFormat } from '../loaders/format.js';
import { type CutRow, RowCutter } from '../loaders/row-cutter.js';
import { tableRows } from '../loaders/table-rows.js';
import { placed } from './findings.js';

/** A row as text, or why there is none. */
export interface ReadRow {
  readonly line: number;
  readonly text?: string;
  readonly problem?: string;
  /** What ended the file. */
  readonly error?: UserError;
}

/** Streams the rows of a file of JSON, also after a row that cannot be read; what ends the file early is its last. */
export async function* readJsonRows(path: string): AsyncGenerator<ReadRow> {
  const cutter = new RowCutter(path);
  let line = 1;
  try {
    for await (const chunk of fileChunks(path)) for (const row of cutter.take(chunk)) yield read(row);
    for (const row of cutter.end()) yield read(row);
  } catch (error) {
    yield atItsLine(path, line, error);
  }

  function read(row: CutRow): ReadRow {
    line = row.line;
    if (!isUtf8(row.bytes)) return { line, problem: 'the line is not valid UTF-8' };
    const { buffer, byteOffset, byteLength } = row.bytes;
    return { line, text: Buffer.from(buffer, byteOffset, byteLength).toString() };
  }
}

/** Streams the rows of a CSV file, also after a row with another number of columns. */
export async function* readCsvRows(
  path: string,
  check: (columns: readonly string[]) => void,
): AsyncGenerator<ReadRow> {
  const bad: ReadRow[] = [];
  const onBadRow = (line: number, problem: string) => bad.push({ line, problem });
  try {
    for await (const { line, cells } of readCsv(path, check, onBadRow)) {
      yield* bad.splice(0);
      yield { line, text: JSON.stringify(cells) };
    }
    yield* bad;
  } catch (error) {
    yield atItsLine(path, 1, error);
  }
}

/** Streams the rows of a Parquet file; a broken row group ends it. */
export async function* readParquetRows(
  path: string,
  formatOfColumns: (columns: readonly string[]) => RowFormat,
): AsyncGenerator<ReadRow> {
  let line = 1;
  try {
    for await (const row of tableRows(path, 'parquet', formatOfColumns)) {
      line = row.line;
      yield row;
    }
  } catch (error) {
    yield atItsLine(path, line, error);
  }
}

/** An error that ends the file, at the line that it names. */
function atItsLine(path: string, line: number, error: unknown): ReadRow {
  if (!(error instanceof UserError))
    return { line, problem: `the file cannot be read further: ${messageOf(error)}` };
  const at = placed(error, path, line);
  return { line: at.line, problem: at.text, error };
}
