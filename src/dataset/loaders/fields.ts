import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { RowError } from './format.js';

// Readers of one key: undefined where it is absent or null.

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

/** @throws RowError unless it is a whole number. */
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

/** @throws RowError unless it is a list of whole numbers. */
export function integerListField(row: JsonObject, key: string): number[] | undefined {
  return listField(row, key)?.map((item, place) => {
    if (typeof item === 'number' && Number.isSafeInteger(item)) return item;
    throw mismatch(`${key}[${place}]`, 'a whole number', item);
  });
}

/** The error of a value that is not what it should be. */
export function mismatch(key: string, expected: string, got: Json): RowError {
  return new RowError(`${key} must be ${expected}, got ${shown(got)}`);
}

/** A value as JSON, cut to a few dozen characters. */
export function shown(value: Json): string {
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}
