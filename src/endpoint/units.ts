import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk } from './endpoint.js';

/** `{ [key]: value }` for a string that is not empty, else `{}`. */
export function nonEmptyText(key: 'text' | 'reasoning' | 'toolText', value: Json | undefined): Chunk {
  return typeof value === 'string' && value !== '' ? { [key]: value } : {};
}

/** The unit's top-level `usage`, where it is an object that holds something. */
export function usageOf(unit: JsonObject): Chunk {
  return isObject(unit.usage) && Object.keys(unit.usage).length > 0 ? { usage: unit.usage } : {};
}
