import { isObject, type Json, type JsonObject } from './json.js';

/**
 * Our own key for what AIPerf's model of a configuration has no word for. In memory it is a member of the
 * configuration; in a file it is next to it, since AIPerf's reader refuses the whole file for one unknown key inside.
 */
export const ownKey = 'x_aiperf_ts';

/** A configuration as members of a file: itself as `key`, and our own part under `ownKey`. */
export function configurationMembers<Key extends string>(key: Key, configuration: JsonObject) {
  const { [ownKey]: own, ...known } = configuration;
  return { [key]: known, [ownKey]: own } as Record<Key, JsonObject> & { [ownKey]: Json | undefined };
}

/** The configuration that a file of ours or of AIPerf holds as `key`; undefined where there is none. */
export function storedConfiguration(key: string, file: JsonObject): JsonObject | undefined {
  const { [key]: configuration, [ownKey]: own } = file;
  if (!isObject(configuration)) return undefined;
  return isObject(own) ? { ...configuration, [ownKey]: own } : configuration;
}
