import { statSync } from 'node:fs';
import { UserError } from '../util/errors.js';
import { streamLines, unreadableFile } from '../util/lines.js';

/** A non-blank line of a file, without surrounding white space. */
export interface TraceLine {
  /** From 1, counting blank lines. */
  readonly number: number;
  readonly text: string;
}

/** Streams the lines of a trace. @throws UserError if the file cannot be read. */
export async function* traceLines(path: string): AsyncGenerator<TraceLine> {
  for await (const { number, text } of streamLines(path)) {
    const trimmed = text.trim();
    if (trimmed !== '') yield { number, text: trimmed };
  }
}

/** @throws UserError unless `path` is a regular file, which can be read twice; pipes and devices cannot. */
export function requireRegularFile(path: string): void {
  let isFile: boolean;
  try {
    isFile = statSync(path).isFile();
  } catch (error) {
    throw unreadableFile(path, error);
  }
  if (!isFile) throw new UserError(`${path} is not a regular file`, 'save the trace to a file first');
}

/**
 * Prepares to read a file twice. @returns a function to call after both readings; it throws a UserError if the file
 * was modified. @throws UserError for pipes and devices.
 */
export function twoReadings(path: string): () => void {
  requireRegularFile(path);
  const version = versionOf(path);
  return () => {
    if (versionOf(path) === version) return;
    throw new UserError(
      `${path} changed while it was read`,
      'try again when no other program writes to the file',
    );
  };
}

function versionOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw unreadableFile(path, error);
  }
}
