import { closeSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../util/errors.js';
import { makeFolder } from '../util/make-folder.js';
import { openNewFile } from '../util/new-file.js';

/** The content of a file, or what makes it. */
type Content = string | Buffer | (() => string);

/** Writes a file whole or not at all; it takes the place of what has its name. @returns a sentence where that fails. */
export function writeWhole(path: string, content: Content): string[] {
  return attempt(path, () => replace(path, content));
}

/** The same, with the folders above the file made where they are missing. */
export function writeWithFolder(path: string, content: Content): string[] {
  return attempt(path, () => {
    makeFolder(dirname(path));
    replace(path, content);
  });
}

/** What the name of a file ends with until it is whole. */
export const unfinishedEnding = '.partial';

function attempt(path: string, act: () => void): string[] {
  try {
    act();
    return [];
  } catch (thrown) {
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
}

function replace(path: string, content: Content): void {
  const text = typeof content === 'function' ? content() : content;
  const unfinished = `${path}${unfinishedEnding}`;
  const file = openNewFile(unfinished);
  try {
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    throw thrown;
  }
}
