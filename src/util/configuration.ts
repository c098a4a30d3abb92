import { isObject, type Json, type JsonObject } from './json.js';

/**
 * Our key for settings that AIPerf's configuration model lacks. In memory it is a member of the configuration; in a
 * file it is next to it, because AIPerf's reader rejects a file with an unknown key inside.
 */
export const ownKey = 'x_aiperf_ts';

/** A configuration as members of a file: itself under `key`, our own part under `ownKey`. */
export function configurationMembers<Key extends string>(key: Key, configuration: JsonObject) {
  const { [ownKey]: own, ...known } = configuration;
  return { [key]: known, [ownKey]: own } as Record<Key, JsonObject> & { [ownKey]: Json | undefined };
}

/** The configuration stored under `key` in a file of ours or of AIPerf; undefined if there is none. */
export function storedConfiguration(key: string, file: JsonObject): JsonObject | undefined {
  const { [key]: configuration, [ownKey]: own } = file;
  if (!isObject(configuration)) return undefined;
  return isObject(own) ? { ...configuration, [ownKey]: own } : configuration;
}
