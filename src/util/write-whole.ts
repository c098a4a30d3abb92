import { closeSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
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

/** The same as `writeWithFolder` piece by piece, for files that do not fit into memory. */
export function writePieces(path: string, pieces: Iterable<string>): string[] {
  return guarded(path, () => {
    makeFolder(dirname(path));
    replace(path, (file) => writeAll(file, pieces));
  });
}

/** The same as `writeWhole` for a library that writes to a path by itself. */
export function writeByPath(path: string, write: (unfinished: string) => void): string[] {
  return guarded(path, () => replace(path, (_, unfinished) => write(unfinished)));
}

/** Ending of a file's name until it is complete. */
export const unfinishedEnding = '.partial';

const WRITE_AT_CHARACTERS = 1 << 18;

function attempt(path: string, content: Content, prepare: () => void): string[] {
  return guarded(path, () => {
    const made = typeof content === 'function' ? content() : content;
    if (made === undefined) return;
    prepare();
    replace(path, (file) => writeFileSync(file, made));
  });
}

function guarded(path: string, write: () => void): string[] {
  try {
    write();
    return [];
  } catch (thrown) {
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
}

function replace(path: string, fill: (file: number, unfinished: string) => void): void {
  const unfinished = `${path}${unfinishedEnding}`;
  const file = openNewFile(unfinished);
  try {
    try {
      fill(file, unfinished);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    throw thrown;
  }
}

function writeAll(file: number, pieces: Iterable<string>): void {
  let waiting: string[] = [];
  let characters = 0;
  const write = () => {
    const bytes = Buffer.from(waiting.join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    waiting = [];
    characters = 0;
  };
  for (const piece of pieces) {
    waiting.push(piece);
    characters += piece.length;
    if (characters >= WRITE_AT_CHARACTERS) write();
  }
  write();
}
