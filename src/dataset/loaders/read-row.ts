import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import { andList } from '../../util/lists.js';
import type { MediaKind } from '../conversation.js';
import { checkMedia } from '../media/source.js';
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

/**
 * Checks the media of a row.
 * @param accepted kinds that requests can hold.
 * @returns their length when they are sent, about. @throws UserError for what cannot be sent, naming file and line.
 */
export function checkRowMedia(
  file: RowFile,
  row: number,
  { turns }: Pick<Row, 'turns'>,
  accepted: readonly MediaKind[],
): number {
  let bytes = 0;
  for (const { kind, source } of turns.flatMap(({ media = [] }) => media)) {
    if (!accepted.includes(kind)) {
      const what = andList(['text', ...accepted]);
      throw rowError(
        file,
        row,
        `${kind}: the endpoint type takes ${what} only`,
        'choose another --endpoint-type',
      );
    }
    try {
      bytes += checkMedia(kind, source);
    } catch (error) {
      if (error instanceof UserError) throw rowError(file, row, error.message);
      throw error;
    }
  }
  return bytes;
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
