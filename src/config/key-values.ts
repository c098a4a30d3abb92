import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject, jsonFault } from '../util/json.js';
import { inexactIntegers, valueEnd } from '../util/json-text.js';
import { isSecretHeader, isSecretKey, mapHidden } from '../util/secret-names.js';
import { redacted } from '../util/secrets.js';
import type { Facts, Kind } from './option.js';
import { headerNamePattern, headerValuePattern } from './option-kinds.js';
import { valueWords } from './words.js';
import * as z from './zod.js';

/**
 * `key:value` pairs with typed values: a word is split at commas, each part at its first colon. A value that
 * starts with `{` or `[` is JSON, commas included; a word that starts with `{` is one JSON object.
 */
export function keyValues<F extends Facts<JsonObject>>(facts: F): F & Kind<JsonObject> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<key:value …>',
    expects: 'key:value pairs or a JSON object',
    isMapping: true,
    read: (words) =>
      merged(words, (word) => pairsIn(word).map(([key, text]) => [key, typedValue(key, text)])),
    schema: z.record(z.string().min(1), z.json()),
    hides: isSecretKey,
    mask: (word) => maskedWord(word, isSecretKey, splitAtCommas),
  };
}

/** HTTP headers: one `name:value` per word, or a JSON object. Values are always text. */
export function headers<F extends Facts<Readonly<Record<string, string>>>>(
  facts: F,
): F & Kind<Readonly<Record<string, string>>> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<name:value …>',
    expects: 'HTTP headers: names without spaces, values of one line without control characters',
    isMapping: true,
    read: (words) => merged(words, (word) => [pair(word)]),
    schema: z.record(
      z.string().regex(headerNamePattern),
      z
        .union([z.string(), z.number(), z.boolean()])
        .transform(String)
        .pipe(z.string().regex(headerValuePattern)),
    ),
    hides: isSecretHeader,
    mask: (word) => maskedWord(word, isSecretHeader, (text) => [text]),
  };
}

/** Parses the value of a pair. @throws UserError for invalid JSON and for integers beyond 2^53 - 1. */
function typedValue(key: string, text: string): Json {
  if (/^[{[]/.test(text)) return json(text, `as the value of ${key}`);
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  if (/^(none|null)$/i.test(text)) return null;
  if (!isPlainNumber(text)) return text;
  if (!text.includes('.')) requireExactIntegers(text);
  return Number(text);
}

/** Whether a word is a plain number: an integer without leading zeros, or digits around one dot. */
export function isPlainNumber(word: string): boolean {
  return /^-?(0|[1-9]\d*)$/.test(word) || /^-?(\d+\.\d*|\.\d+)$/.test(word);
}

function merged(
  words: readonly string[],
  pairs: (word: string) => readonly (readonly [string, Json])[],
): JsonObject {
  const all = words.flatMap((word) =>
    word.trimStart().startsWith('{') ? Object.entries(jsonObject(word)) : pairs(word),
  );
  return Object.fromEntries(all);
}

function pairsIn(word: string): [string, string][] {
  return splitAtCommas(word).map((part) => pair(part));
}

function pair(part: string): [string, string] {
  const colon = part.indexOf(':');
  const key = part.slice(0, Math.max(colon, 0)).trim();
  if (key === '') {
    throw new UserError(
      `expects key:value, got ${valueWords(part)}; quote a value with spaces, and use the JSON form for one with commas`,
    );
  }
  return [key, part.slice(colon + 1).trim()];
}

/** Splits a word at its commas, except those inside JSON values. */
function splitAtCommas(word: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < word.length; at++) {
    const character = word[at];
    // A bracket starts JSON only at the start of a value.
    if ((character === '{' || character === '[') && /^[^:]*:\s*$/.test(word.slice(start, at))) {
      at = valueEnd(word, at) - 1;
    } else if (character === ',') {
      parts.push(word.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, word.slice(start)];
}

function jsonObject(word: string): JsonObject {
  const value = json(word, 'in a word that starts with {');
  if (isObject(value)) return value;
  throw new UserError(`expects a JSON object, got ${valueWords(word)}`);
}

/** @throws UserError whose message starts with `what`. */
function json(text: string, what: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Newer versions of Node append line and column.
    const words = text.match(/[\w-]+/g) ?? [];
    const reason = words.some(isSecretKey)
      ? ''
      : `, got ${valueWords(text)}: ${jsonFault(error).replace(/ \(line .*/, '')}`;
    throw new UserError(
      `expects valid JSON ${what}${reason}; in a shell, put single quotes around the whole word`,
    );
  }
  requireExactIntegers(text);
  return value;
}

/** @throws UserError for an unquoted integer in `text` that a double cannot represent. */
function requireExactIntegers(text: string): void {
  const [inexact] = inexactIntegers(text);
  if (inexact !== undefined) {
    throw new UserError(
      `expects integers that a double holds exactly (up to 2^53 - 1), got ${inexact.digits}`,
    );
  }
}

function maskedWord(
  word: string,
  hides: (key: string) => boolean,
  split: (word: string) => readonly string[],
): string {
  if (word.trimStart().startsWith('{')) return maskedJson(word, hides);
  return split(word)
    .map((part) => maskedPair(part, hides))
    .join(',');
}

function maskedPair(part: string, hides: (key: string) => boolean): string {
  const colon = part.indexOf(':');
  if (colon === -1) return part;
  const [key, value] = [part.slice(0, colon), part.slice(colon + 1)];
  if (hides(key.trim())) return `${key}:${redacted}`;
  return /^\s*[{[]/.test(value) ? `${key}:${maskedJson(value, hides)}` : part;
}

/** Invalid JSON is masked entirely, because its secrets cannot be located. */
function maskedJson(text: string, hides: (key: string) => boolean): string {
  try {
    const hidden = () => redacted;
    return JSON.stringify(mapHidden(JSON.parse(text), { hides, hidden, shown: (shown) => shown }));
  } catch {
    return redacted;
  }
}
