import type { UserError } from '../../util/errors.js';
import type { EndpointContents, TurnCheck } from '../dataset-options.js';
import type { FileLoader } from '../media/loaded-files.js';
import type { Row } from './format.js';
import { checkRowMedia, checkRowTurns, rowError } from './read-row.js';
import type { RowLines } from './row-file.js';

/** What a row is checked against. */
export interface RowRequirements extends EndpointContents {
  /** Every prompt is generated as token IDs. */
  readonly asTokenIds?: boolean;
  readonly checkTurn?: TurnCheck | undefined;
}

/**
 * Checks that a row that was read can be sent, and reads its media files.
 * @param files undefined: media files are not read. @param warn called with what is not sent.
 * @returns length of its media when they are sent, about. @throws UserError for what cannot be sent, naming file and line.
 */
export function checkRow(
  file: RowLines,
  number: number,
  row: Row,
  requirements: RowRequirements,
  files: FileLoader | undefined,
  warn: (what: string) => void,
): number {
  if (requirements.asTokenIds && row.turns.some(({ generated }) => generated === undefined)) {
    throw rowError(
      file,
      number,
      `--isl-as-token-ids generates token ids, and this row holds its own ${row.input === 'generated or literal text' ? 'text' : row.input}`,
      'give every row an input_length, or leave the option out',
    );
  }
  const bytes = checkRowMedia(file, number, row, requirements, files);
  if (requirements.checkTurn !== undefined) checkRowTurns(file, number, row, requirements.checkTurn, warn);
  return bytes;
}

/** The error for a row whose input is of another kind than that of its session. */
export function mixedInput(
  file: RowLines,
  number: number,
  session: string | undefined,
  kinds: { readonly before: string; readonly here: string },
): UserError {
  return rowError(
    file,
    number,
    `the session ${session} has rows with ${kinds.before}, and this one has ${kinds.here}`,
    'use the same kind of input in all rows of a session',
  );
}

/** The error for the second row of a session that is one row. @param id with the name of its key. */
export function repeatedSession(file: RowLines, number: number, id: string, first: string): UserError {
  return rowError(file, number, `the ${id} is used already at ${first}`, 'give every row an id of its own');
}
