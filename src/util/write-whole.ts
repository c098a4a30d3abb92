import { closeSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from './errors.js';
import { makeFolder } from './make-folder.js';
import { openNewFile } from './new-file.js';

/** The content of a file, or a function that creates it; undefined: write nothing. */
type Content = string | Buffer | (() => string | undefined);

/** Writes a file atomically, replacing an existing one. @returns an error message if that fails. */
export function writeWhole(path: string, content: Content): string[] {
  return attempt(path, content, () => {});
}

/** The same, and creates missing folders. */
export function writeWithFolder(path: string, content: Content): string[] {
  return attempt(path, content, () => makeFolder(dirname(path)));
}

/** Ending of a file's name until it is complete. */
export const unfinishedEnding = '.partial';

function attempt(path: string, content: Content, prepare: () => void): string[] {
  try {
    const made = typeof content === 'function' ? content() : content;
    if (made === undefined) return [];
    prepare();
    replace(path, made);
    return [];
  } catch (thrown) {
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
}

function replace(path: string, content: string | Buffer): void {
  const unfinished = `${path}${unfinishedEnding}`;
  const file = openNewFile(unfinished);
  try {
    try {
      writeFileSync(file, content);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    throw thrown;
  }
}
