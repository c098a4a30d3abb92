import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../util/errors.js';

/** One line of a file that is not blank, without white space around it. */
export interface Line {
  /** From 1, blank lines counted. */
  readonly number: number;
  readonly text: string;
}

/** The bytes of a file as they come, through gzip where its name ends in `.gz`. */
export function openBytes(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!path.endsWith('.gz')) return file;
  const plain = createGunzip();
  // pipe() does not hand errors on.
  file.on('error', (error) => plain.destroy(error));
  return file.pipe(plain);
}

/** The lines of a UTF-8 file, one at a time: no more than a megabyte of it is held. @throws UserError */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = '';
  try {
    for await (const chunk of openBytes(path)) {
      const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) {
        number++;
        const text = piece.trim();
        if (text !== '') yield { number, text };
      }
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  const text = (rest + decoder.decode()).trim();
  if (text !== '') yield { number: number + 1, text };
}

/** The error of a file that cannot be read. */
export function unreadable(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(
    `${path} cannot be read: ${messageOf(error)}`,
    'check the path, and that the file is whole',
  );
}
