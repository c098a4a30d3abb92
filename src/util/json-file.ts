import { readFileSync, statSync } from 'node:fs';
import { isObject, type JsonObject } from './json.js';

/** Reads the object in a JSON file; undefined if the file is missing or incomplete. @throws the file system's error. */
export function readJsonObject(path: string): JsonObject | undefined {
  // Reading a named pipe would block forever.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    // A process killed while writing leaves half a file, which counts as missing.
    return undefined;
  }
}
