import { isObject, type Json, type JsonObject } from '../../util/json.js';
import type { NamedTexts } from '../conversation.js';
import { integerField, listField, mismatch, numberField, objectField, stringField } from './fields.js';
import { type RowContext, RowError, type RowFormat, type RowTurn } from './format.js';

const mediaKeys = ['image', 'images', 'audio', 'audios', 'video', 'videos'];

/** One request a row. Rows that share a `session_id` follow each other, each with all that it says. */
export const singleTurn: RowFormat = {
  marks: (row) => [...mediaKeys, 'text', 'texts'].some((key) => filled(row[key])),
  read(row, context) {
    return {
      sessionId: stringField(row, 'session_id'),
      turns: [readTurn(row, context)],
      input: 'text',
      history: 'self-contained',
    };
  },
};

/** The turn that an object of `single_turn` form says. @throws RowError where it is malformed. */
export function readTurn(row: JsonObject, context: RowContext): RowTurn {
  const timestampMs = numberField(row, 'timestamp');
  const delayMs = delayField(row);
  if (timestampMs && delayMs) throw new RowError('timestamp and delay exclude each other: give one of them');
  const maxTokens = integerField(row, 'output_length');
  if (maxTokens !== undefined && maxTokens <= 0) {
    throw mismatch('output_length', 'above 0', maxTokens);
  }
  return {
    role: stringField(row, 'role') ?? 'user',
    texts: readTexts(row, context),
    maxTokens,
    timestampMs,
    delayMs,
    extra: objectField(row, 'extra'),
  };
}

/** The texts of `text` or `texts`. @throws RowError where there are none, or media. */
export function readTexts(row: JsonObject, { textName }: RowContext): NamedTexts[] {
  const media = mediaKeys.find((key) => filled(row[key]));
  if (media !== undefined) throw new RowError(`${media}: media are not supported yet, only text`);
  const text = stringField(row, 'text');
  const texts = listField(row, 'texts');
  if (text && texts && texts.length > 0) throw new RowError('text and texts exclude each other: give one');
  if (text) return [{ name: textName, contents: [text] }];
  if (!texts || texts.length === 0) {
    throw new RowError('there is nothing to send: expected a text (or texts) that is not empty');
  }
  if (texts.every((item) => typeof item === 'string')) return [{ name: textName, contents: texts }];
  return texts.map((item, place) => {
    if (!isObject(item)) throw mismatch(`texts[${place}]`, 'an object like the others', item);
    const contents = listField(item, 'contents') ?? [];
    if (!contents.every((content) => typeof content === 'string')) {
      throw mismatch(`texts[${place}].contents`, 'a list of strings', contents);
    }
    return { name: stringField(item, 'name') ?? '', contents };
  });
}

/** `delay`, ms. @throws RowError where it is negative. */
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
