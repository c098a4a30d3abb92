import { basename, extname } from 'node:path';
import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import type { MediaItem, Turn } from '../conversation.js';
import { contentWords, type EndpointContents, type TurnCheck } from '../dataset-options.js';
import type { FileLoader, LoadedFiles } from '../media/loaded-files.js';
import { fileKey } from '../media/loaded-files.js';
import { sharedItem } from '../media/shared-media.js';
import { checkMedia, mediaItem, unreadMedia } from '../media/source.js';
import {
  type Row,
  type RowContext,
  RowError,
  type RowFormat,
  type RowMedia,
  type RowTurn,
} from './format.js';
import { parseRowText } from './parse-row.js';
import { type RowFile, type RowLines, rowPath, rowPlace, rowText } from './row-file.js';

/** Reads row `row` in a format. @throws UserError for a malformed row, naming file and line. */
export function readRow(file: RowFile, row: number, format: RowFormat, context: RowContext): Row {
  // Rows of a folder know their file.
  const own = file.parts === undefined ? context : { ...context, fileSession: stem(rowPath(file, row)) };
  return readRowText(file, row, rowText(file, row), format, own);
}

/** The same of a row whose text is given. */
export function readRowText(
  file: RowLines,
  row: number,
  text: string,
  format: RowFormat,
  context: RowContext,
): Row {
  return inRow(file, row, () => format.read(parseRowText(text), context));
}

/** Parses row `row`. @throws UserError unless it is an object, naming file and line. */
export function parseRow(file: RowFile, row: number): JsonObject {
  return inRow(file, row, () => parseRowText(rowText(file, row)));
}

/**
 * Checks the media of a row, and reads their files.
 * @param endpoint what its requests can hold. @param files undefined: no file is read.
 * @returns their length when they are sent, about. @throws UserError for what cannot be sent, naming file and line.
 */
export function checkRowMedia(
  file: RowLines,
  row: number,
  { turns }: Pick<Row, 'turns'>,
  endpoint: EndpointContents,
  files: FileLoader | undefined,
): number {
  let bytes = 0;
  for (const { kind, source, uuid } of turns.flatMap(({ media = [] }) => media)) {
    if (!endpoint.endpointMedia.includes(kind)) {
      throw rowError(
        file,
        row,
        `${kind}: the endpoint type takes ${contentWords(endpoint)} only`,
        'choose another --endpoint-type',
      );
    }
    if (source === '' && uuid !== undefined) continue;
    try {
      bytes += checkMedia(kind, source);
      files?.load(kind, source);
    } catch (error) {
      if (error instanceof UserError) throw rowError(file, row, error.message);
      throw error;
    }
  }
  return bytes;
}

/**
 * Checks that the endpoint can send each turn of a row.
 * @param warn called with what is not sent. @throws UserError for what cannot be sent, naming file and line.
 */
export function checkRowTurns(
  file: RowLines,
  row: number,
  { turns, sessionId = '', history, systemMessage }: Row,
  check: TurnCheck,
  warn: (what: string) => void,
): void {
  const conversation = {
    sessionId,
    turns: [],
    history,
    ...(systemMessage === undefined ? {} : { systemMessage }),
  };
  for (const turn of turns) {
    try {
      for (const what of check(unmade(turn), conversation)) warn(what);
    } catch (error) {
      if (error instanceof UserError) throw rowError(file, row, error.message, error.hint);
      throw error;
    }
  }
}

/** A turn of a row without what is made when it is sent. */
function unmade({ generated, media, ...turn }: RowTurn): Turn {
  const items: MediaItem[] = (media ?? []).map(unreadMedia);
  return {
    role: turn.role,
    model: '',
    texts: generated === undefined ? turn.texts : [{ name: 'text', contents: ['generated'] }],
    ...(items.length === 0 ? {} : { media: items }),
    ...(turn.maxTokens === undefined ? {} : { maxTokens: turn.maxTokens }),
    ...(turn.extra === undefined ? {} : { extra: turn.extra }),
    ...(turn.messages === undefined ? {} : { messages: turn.messages }),
    ...(turn.tools === undefined ? {} : { tools: turn.tools }),
    ...(turn.payload === undefined ? {} : { payload: turn.payload }),
  };
}

/** The media of a row as a turn has them. */
export function rowMedia(media: readonly RowMedia[], files: LoadedFiles): MediaItem[] {
  return media.map((item) => {
    const { kind, name, source, uuid } = item;
    const piece = files.get(fileKey(kind, source));
    if (piece === undefined) return mediaItem(item);
    return { ...sharedItem(kind, name, piece), ...(uuid === undefined ? {} : { uuid }) };
  });
}

/** An error about a row, naming file and line. */
export function rowError(file: RowLines, row: number, problem: string, hint?: string): UserError {
  return new UserError(`${rowPlace(file, row)}: ${problem}`, hint);
}

/** The name of a file without its extensions. */
export function stem(path: string): string {
  const name = basename(path).replace(/\.gz$/, '');
  return basename(name, extname(name));
}

/** Runs `read`, and adds file and line to its RowError. @throws UserError */
export function inRow<T>(file: RowLines, row: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RowError) throw rowError(file, row, error.message);
    throw error;
  }
}
