import { UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { shown } from './fields.js';
import { type Row, type RowContext, RowError, type RowFormat } from './format.js';
import { type RowFile, rowText } from './row-file.js';

/** Row number `row` as its format reads it. @throws UserError for a malformed one, naming file and line. */
export function readRow(file: RowFile, row: number, format: RowFormat, context: RowContext): Row {
  const object = parseRow(file, row);
  try {
    return format.read(object, context);
  } catch (error) {
    if (error instanceof RowError) throw rowError(file, row, error.message);
    throw error;
  }
}

/** The error of one row, naming file and line. */
export function rowError(file: RowFile, row: number, problem: string, hint?: string): UserError {
  return new UserError(`${file.path}:${file.lines[row]}: ${problem}`, hint);
}

/** Row number `row` as JSON. @throws UserError where it is no object, naming file and line. */
export function parseRow(file: RowFile, row: number): JsonObject {
  const text = rowText(file, row);
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw rowError(file, row, `the line is no JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isObject(value)) throw rowError(file, row, `expected a JSON object, got ${shown(value)}`);
  return value;
}
