import { readFileSync, statSync } from 'node:fs';
import { isObject, type JsonObject } from './json.js';

/** The object in a file; undefined where there is no file, or no whole one. @throws the file system's error. */
export function readJsonObject(path: string): JsonObject | undefined {
  // To read a named pipe would wait for ever.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    // A process that was killed while it wrote leaves half a file: that says as little as none.
    return undefined;
  }
}
