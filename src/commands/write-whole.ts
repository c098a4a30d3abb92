import { closeSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../util/errors.js';
import { openNewFile } from '../util/new-file.js';

/**
 * Writes a file whole or not at all; it takes the place of what has its name.
 * @param text or what makes it. @returns a sentence where that fails.
 */
export function writeWhole(path: string, text: string | Buffer | (() => string)): string[] {
  const unfinished = `${path}${unfinishedEnding}`;
  try {
    const content = typeof text === 'function' ? text() : text;
    const file = openNewFile(unfinished);
    try {
      writeFileSync(file, content);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    return [];
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
}

/** What the name of a file ends with until it is whole. */
export const unfinishedEnding = '.partial';
