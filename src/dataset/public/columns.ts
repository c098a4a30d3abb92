import { UserError } from '../../util/errors.js';
import type { MediaKind } from '../conversation.js';
import { type Cell, type Cells, isStruct } from './cells.js';
import { wholeConversation } from './dialogues.js';
import type { RowMapping } from './mapping.js';
import { columnsIn, type PromptColumns, prompts, userTurns } from './prompts.js';
import { holdsWekaTraces, wekaTraces } from './weka.js';

/** What `--dataset-columns` names: where the parts of a request are. */
export interface ColumnNames extends Partial<PromptColumns> {
  /** A recorded conversation, whose user messages are turns. */
  readonly messages?: string;
}

/** Columns of prompts and conversations as data sets name them, the first that is there is taken. */
const conversations = ['messages', 'conversations', 'conversation'];
const questions = ['prompt', 'question', 'instruction', 'problem', 'query', 'text', 'turns', 'input'];
const media: Readonly<Record<MediaKind, readonly string[]>> = {
  image: ['image', 'images'],
  audio: ['audio'],
  video: ['video'],
};

/**
 * How the rows of a data set without a name become requests: by the columns that are named, else by usual names.
 * @param first the first row of the data set. @throws UserError that lists the columns, if none is known.
 */
export function mappingOf(
  names: ColumnNames,
  first: Cells,
  endpoint: { readonly takesText: boolean; readonly takesMedia: readonly MediaKind[] },
): RowMapping {
  const columns = Object.keys(first);
  const { messages, prompt } = names;
  if (Object.keys(names).length === 0 && holdsWekaTraces(columns)) return wekaTraces;
  if (messages !== undefined) {
    requireColumns([messages], columns);
    return wholeConversation(messages);
  }
  if (prompt === undefined) {
    const conversation = conversations.find((name) => isConversation(first[name]));
    if (conversation !== undefined) return wholeConversation(conversation);
  }
  const found = prompt ?? questions.find((name) => holdsText(first[name]));
  const [column = ''] = found === undefined ? [] : columnsIn(found);
  if (isConversation(first[column])) return wholeConversation(column);
  if (Array.isArray(first[column])) return userTurns(column);
  const medium = (kind: MediaKind) =>
    names[kind] ??
    (endpoint.takesMedia.includes(kind) ? media[kind].find((name) => isFilled(first[name])) : undefined);
  const [image, audio, video] = [medium('image'), medium('audio'), medium('video')];
  if (found === undefined && (endpoint.takesText || (image ?? audio ?? video) === undefined)) {
    throw new UserError(
      `none of the columns has the usual name of a prompt or a conversation; the data set has ${columns.join(', ')}`,
      `Name one: --dataset-columns prompt=${columns[0] ?? 'COLUMN'}`,
    );
  }
  return prompts({
    ...names,
    prompt: found ?? '',
    ...(image === undefined ? {} : { image }),
    ...(audio === undefined ? {} : { audio }),
    ...(video === undefined ? {} : { video }),
  });
}

/** @throws UserError that lists the columns that are there. */
export function requireColumns(wanted: readonly string[], columns: readonly string[]): void {
  const missing = wanted.filter((name) => name !== '' && !columns.includes(name));
  if (missing.length === 0) return;
  throw new UserError(
    `there is no column ${missing.join(', ')}; the data set has ${columns.join(', ')}`,
    'Name the right one with --dataset-columns, e.g. prompt=question.',
  );
}

function isConversation(cell: Cell | undefined): boolean {
  const [first] = Array.isArray(cell) ? cell : [];
  return isStruct(Array.isArray(first) ? first[0] : first);
}

function holdsText(cell: Cell | undefined): boolean {
  const value = Array.isArray(cell) ? cell[0] : cell;
  return typeof value === 'string' || isConversation(cell);
}

function isFilled(cell: Cell | undefined): boolean {
  return cell !== undefined && cell !== null;
}
