import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { isSecretHeader, isSecretKey, redacted } from '../util/secrets.js';
import { type Facts, headerNamePattern, type Kind } from './option.js';
import { shown } from './words.js';
import * as z from './zod.js';

/**
 * `key:value` pairs that keep their types: every word is split at its commas, each part at its first colon and
 * its value read as JSON would read it; a word that starts with `{` is a JSON object, taken as it is.
 */
export function keyValues<F extends Facts<JsonObject>>(facts: F): F & Kind<JsonObject> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<key:value …>',
    expects: 'key:value pairs or a JSON object',
    read: (words) =>
      merged(
        words,
        (word) => word.split(',').map((part) => pair(part)),
        (value) => coerced(value),
      ),
    schema: z.record(z.string().min(1), z.json()),
    hides: isSecretKey,
    mask: (word) => maskedWord(word, isSecretKey, ','),
  };
}

/** HTTP headers, one `name:value` a word or a JSON object; values are never anything but text. */
export function headers<F extends Facts<Readonly<Record<string, string>>>>(
  facts: F,
): F & Kind<Readonly<Record<string, string>>> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<name:value …>',
    expects: 'HTTP headers: names without spaces, values of one line',
    read: (words) =>
      merged(
        words,
        (word) => [pair(word)],
        (value) => value,
      ),
    schema: z.record(
      z.string().regex(headerNamePattern),
      z
        .union([z.string(), z.number(), z.boolean()])
        .transform(String)
        .pipe(z.string().regex(/^[^\r\n\0]*$/)),
    ),
    hides: isSecretHeader,
    mask: (word) => maskedWord(word, isSecretHeader),
  };
}

/** The value that a bare word of `key:value` stands for. @throws UserError for an integer beyond 2^53 - 1. */
function coerced(word: string): Json {
  if (/^true$/i.test(word)) return true;
  if (/^false$/i.test(word)) return false;
  if (/^(none|null)$/i.test(word)) return null;
  if (!isPlainNumber(word)) return word;
  const value = Number(word);
  if (!word.includes('.') && !Number.isSafeInteger(value)) {
    throw new UserError(`expects integers that a double holds exactly (up to 2^53 - 1), got ${word}`);
  }
  return value;
}

/** Whether a word reads as a number: an integer without leading zero, or digits around one dot. */
export function isPlainNumber(word: string): boolean {
  return /^-?(0|[1-9]\d*)$/.test(word) || /^-?(\d+\.\d*|\.\d+)$/.test(word);
}

function merged(
  words: readonly string[],
  pairs: (word: string) => readonly (readonly [string, string])[],
  valueIn: (value: string) => Json,
): JsonObject {
  const all: [string, Json][] = words.flatMap((word) =>
    word.trimStart().startsWith('{')
      ? Object.entries(jsonObject(word))
      : pairs(word).map(([key, value]): [string, Json] => [key, valueIn(value)]),
  );
  return Object.fromEntries(all);
}

function pair(part: string): [string, string] {
  const colon = part.indexOf(':');
  const key = part.slice(0, Math.max(colon, 0)).trim();
  if (key === '') {
    throw new UserError(
      `expects key:value, got ${shown(part)}; quote a value with spaces, and use the JSON form for one with commas`,
    );
  }
  return [key, part.slice(colon + 1).trim()];
}

function jsonObject(word: string): JsonObject {
  try {
    const value: unknown = JSON.parse(word);
    if (isObject(value)) return value;
  } catch (error) {
    throw new UserError(
      `expects a JSON object, got ${shown(word)}: ${error instanceof Error ? error.message : error}`,
    );
  }
  throw new UserError(`expects a JSON object, got ${shown(word)}`);
}

/** @param separator between the pairs of a word; a word is one pair without it. */
function maskedWord(word: string, hides: (key: string) => boolean, separator?: string): string {
  if (word.trimStart().startsWith('{')) {
    try {
      return JSON.stringify(JSON.parse(word, (key, value: unknown) => (hides(key) ? redacted : value)));
    } catch {
      return redacted;
    }
  }
  const parts = separator === undefined ? [word] : word.split(separator);
  return parts.map((part) => maskedPair(part, hides)).join(separator);
}

function maskedPair(part: string, hides: (key: string) => boolean): string {
  const [key = ''] = part.split(':', 1);
  return key !== part && hides(key.trim()) ? `${key}:${redacted}` : part;
}
