import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import { type Row, type RowContext, RowError, type RowFormat } from './format.js';
import { parseRowText } from './parse-row.js';
import { type RowFile, rowText } from './row-file.js';

/** Reads row `row` in a format. @throws UserError for a malformed row, naming file and line. */
export function readRow(file: RowFile, row: number, format: RowFormat, context: RowContext): Row {
  return inRow(file, row, (object) => format.read(object, context));
}

/** Parses row `row`. @throws UserError unless it is an object, naming file and line. */
export function parseRow(file: RowFile, row: number): JsonObject {
  return inRow(file, row, (object) => object);
}

/** An error about a row, naming file and line. */
export function rowError(file: RowFile, row: number, problem: string, hint?: string): UserError {
  return new UserError(`${file.path}:${file.lines[row]}: ${problem}`, hint);
}

function inRow<T>(file: RowFile, row: number, read: (object: JsonObject) => T): T {
  try {
    return read(parseRowText(rowText(file, row)));
  } catch (error) {
    if (error instanceof RowError) throw rowError(file, row, error.message);
    throw error;
  }
}
