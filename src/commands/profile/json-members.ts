import type { Json, JsonObject } from '../../util/json.js';

export function nonEmpty(object: JsonObject): JsonObject | undefined {
  return Object.keys(object).length > 0 ? object : undefined;
}

export function optional(key: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}

/** The member, left out where it has its default: AIPerf echoes what was set. */
export function unless(byDefault: Json, key: string, value: Json | undefined): JsonObject {
  return value === byDefault ? {} : optional(key, value);
}
