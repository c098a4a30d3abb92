import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { MAX_TOKENS } from '../../util/limits.js';
import type { HashId } from '../hash-id.js';
import { RowError } from './format.js';

// Readers of one key, which return undefined if it is absent or null.

/** @throws RowError unless it is a string. */
export function stringField(row: JsonObject, key: string): string | undefined {
  const value = row[key] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw mismatch(key, 'a string', value);
}

/** @throws RowError unless it is a finite number. */
export function numberField(row: JsonObject, key: string): number | undefined {
  const value = row[key] ?? undefined;
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw mismatch(key, 'a number', value);
}

/** @throws RowError unless it is an integer. */
export function integerField(row: JsonObject, key: string): number | undefined {
  const value = numberField(row, key);
  if (value === undefined || Number.isSafeInteger(value)) return value;
  throw mismatch(key, 'a whole number', value);
}

/** @throws RowError unless it is an object. */
export function objectField(row: JsonObject, key: string): JsonObject | undefined {
  const value = row[key] ?? undefined;
  if (value === undefined || isObject(value)) return value;
  throw mismatch(key, 'an object', value);
}

/** @throws RowError unless it is a list. */
export function listField(row: JsonObject, key: string): Json[] | undefined {
  const value = row[key] ?? undefined;
  if (value === undefined || Array.isArray(value)) return value;
  throw mismatch(key, 'a list', value);
}

/** @throws RowError unless it is a list of objects. */
export function objectListField(row: JsonObject, key: string): JsonObject[] | undefined {
  return listField(row, key)?.map((item, place) => {
    if (isObject(item)) return item;
    throw mismatch(`${key}[${place}]`, 'an object', item);
  });
}

/** A token count. @throws RowError unless it is an integer from 0 to the limit. */
export function lengthField(row: JsonObject, key: string): number | undefined {
  const tokens = integerField(row, key);
  if (tokens !== undefined && tokens < 0) throw mismatch(key, 'at least 0', tokens);
  if (tokens !== undefined && tokens > MAX_TOKENS) throw mismatch(key, `at most ${MAX_TOKENS}`, tokens);
  return tokens;
}

/** Reads `hash_ids`. @throws RowError unless all are integers of at most 64 bits. */
export function hashIdsField(row: JsonObject): HashId[] {
  return hashIdsOf(row, 'hash_ids');
}

/** Reads a list of IDs; strings of digits are accepted. @throws RowError unless all are integers of at most 64 bits. */
export function hashIdsOf(row: JsonObject, key: string): HashId[] {
  const ids = listField(row, key) ?? [];
  return ids.map((item, place) => {
    if (typeof item === 'number' && Number.isSafeInteger(item)) return item;
    const id = typeof item === 'string' && /^-?\d+$/.test(item) ? BigInt(item) : undefined;
    if (id === undefined || id < -(2n ** 63n) || id >= 2n ** 64n) {
      throw mismatch(`${key}[${place}]`, 'an integer of at most 64 bits', item);
    }
    return Number.isSafeInteger(Number(id)) ? Number(id) : id;
  });
}

/** The error for a value of the wrong type. */
export function mismatch(key: string, expected: string, got: Json): RowError {
  return new RowError(`${key} must be ${expected}, got ${jsonExcerpt(got)}`);
}

/** A value as JSON, truncated to a few dozen characters. */
export function jsonExcerpt(value: Json): string {
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}
