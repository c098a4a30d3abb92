import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../util/errors.js';

/** Writes a file whole or not at all. @returns a sentence where that cannot be done. */
export function writeWhole(path: string, text: string): string[] {
  const unfinished = `${path}.partial`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
    return [];
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
}
