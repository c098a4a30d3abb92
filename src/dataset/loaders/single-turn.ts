import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { mediaKinds, type NamedTexts } from '../conversation.js';
import { lengthField, listField, mismatch, numberField, objectField, stringField } from './fields.js';
import { type RowContext, RowError, type RowFormat, type RowMedia, type RowTurn } from './format.js';

const textKeys = ['text', 'texts', 'prompt'];
/** Names of the output length; all but the first are only read with `prompt`, as other tools write them. */
const lengthKeys = ['output_length', 'output_tokens', 'max_tokens'] as const;
const mediaKeys = mediaKinds.flatMap((kind) => [kind, `${kind}s`]);

/** One request per row. Rows with the same `session_id` are sent in sequence, each on its own. */
export const singleTurn: RowFormat = {
  marks: (row) => [...mediaKeys, ...textKeys].some((key) => filled(row[key])),
  read(row, context) {
    return {
      sessionId: stringField(row, 'session_id'),
      turns: [readTurn(row, context)],
      input: 'text',
      history: 'self-contained',
    };
  },
};

/** Reads an object in `single_turn` form. @throws RowError if it is malformed. */
export function readTurn(row: JsonObject, context: RowContext): RowTurn {
  const timestampMs = numberField(row, 'timestamp');
  const delayMs = delayField(row);
  if (timestampMs && delayMs) throw new RowError('timestamp and delay cannot be combined: give one of them');
  const lengthKey = filled(row.prompt) ? lengthKeys.find((key) => filled(row[key])) : undefined;
  const maxTokens = lengthField(row, lengthKey ?? 'output_length');
  if (maxTokens === 0) throw mismatch(lengthKey ?? 'output_length', 'above 0', maxTokens);
  return {
    role: stringField(row, 'role') ?? 'user',
    ...readContents(row, context),
    maxTokens,
    timestampMs,
    delayMs,
    extra: objectField(row, 'extra'),
  };
}

/** Texts and media of a row. @throws RowError if there is none of either. */
export function readContents(row: JsonObject, context: RowContext): Pick<RowTurn, 'texts' | 'media'> {
  const texts = readTexts(row, context);
  const media = readMedia(row, context);
  if (texts.length === 0 && media.length === 0) {
    throw new RowError('nothing to send: expected a non-empty text (or texts), image, audio or video');
  }
  return media.length === 0 ? { texts } : { texts, media };
}

/** Reads `text`, `texts` or `prompt`. */
function readTexts(row: JsonObject, context: RowContext): readonly NamedTexts[] {
  const present = textKeys.filter((key) => filled(row[key]));
  if (present.length > 1) throw new RowError(`${present.join(' and ')} cannot be combined: give one`);
  if (present[0] === 'prompt') return promptTexts(row, context);
  return namedContents(row, ['text', 'texts'], context.textName);
}

function readMedia(row: JsonObject, { textName }: RowContext): RowMedia[] {
  const uuids = listField(row, 'image_uuids');
  const all = mediaKinds.flatMap((kind) => {
    const keys = [kind, `${kind}s`] as const;
    if (keys.every((key) => filled(row[key]))) {
      throw new RowError(`${keys.join(' and ')} cannot be combined: give one`);
    }
    return namedContents(row, keys, textName).flatMap(({ name, contents }) =>
      contents.map((source): RowMedia => ({ kind, name, source })),
    );
  });
  return uuids === undefined || uuids.length === 0 ? all : named(all, uuids);
}

/** Gives the images, which are the first, their ids. */
function named(media: readonly RowMedia[], uuids: readonly Json[]): RowMedia[] {
  const images = media.filter(({ kind }) => kind === 'image').length;
  if (images !== uuids.length) {
    throw new RowError(`image_uuids must name each image of the row: got ${uuids.length} for ${images}`);
  }
  return media.map((item, place) => {
    const uuid = uuids[place];
    if (place >= images) return item;
    if (typeof uuid !== 'string' || uuid === '')
      throw mismatch(`image_uuids[${place}]`, 'a text', uuid ?? null);
    return { ...item, uuid };
  });
}

/** Reads a string under the first key, or a list of strings or of `{name, contents}` under the second. */
function namedContents(
  row: JsonObject,
  [oneKey, listKey]: readonly [string, string],
  name: string,
): readonly NamedTexts[] {
  const one = stringField(row, oneKey);
  if (one) return [{ name, contents: [one] }];
  const list = listField(row, listKey) ?? [];
  if (list.length === 0) return [];
  if (list.every((item) => typeof item === 'string')) return [{ name, contents: list }];
  return list.map((item, place) => {
    if (!isObject(item)) throw mismatch(`${listKey}[${place}]`, 'an object like the others', item);
    const contents = listField(item, 'contents') ?? [];
    if (!contents.every((content) => typeof content === 'string')) {
      throw mismatch(`${listKey}[${place}].contents`, 'a list of strings', contents);
    }
    return { name: stringField(item, 'name') ?? '', contents };
  });
}

/** Reads `prompt`. @throws RowError unless it is a string or a list of strings. */
export function promptTexts({ prompt }: JsonObject, { textName }: RowContext): NamedTexts[] {
  const contents = Array.isArray(prompt) ? prompt : [prompt ?? null];
  if (contents.length > 0 && contents.every((content) => typeof content === 'string')) {
    return [{ name: textName, contents }];
  }
  throw mismatch('prompt', 'a text or a list of texts', prompt ?? null);
}

/** Reads `delay`, ms. @throws RowError if it is negative. */
export function delayField(row: JsonObject): number | undefined {
  const delayMs = numberField(row, 'delay');
  if (delayMs !== undefined && delayMs < 0) throw mismatch('delay', 'at least 0', delayMs);
  return delayMs;
}

function filled(value: Json | undefined): boolean {
  return (
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}
