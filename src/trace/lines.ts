import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../util/errors.js';
import { MAX_ROW_BYTES } from '../util/limits.js';
import { requireUtf8, rowTooLong } from '../util/text-file.js';

/** One line of a file that is not blank, without white space around it. */
export interface TraceLine {
  /** From 1, blank lines counted. */
  readonly number: number;
  readonly text: string;
}

const NEWLINE = 0x0a;

/** Whole lines of a file, the last one ended by a line feed unless it is the file's last. */
interface Block {
  readonly bytes: Buffer;
  /** Number of its first line, from 1. */
  readonly first: number;
}

/**
 * The lines of a UTF-8 file, one at a time: no more than a line and a megabyte is held.
 * @throws UserError where the file cannot be read, a line passes the limit, or is not UTF-8.
 */
export async function* readLines(path: string): AsyncGenerator<TraceLine> {
  for await (const { bytes, first } of readBlocks(path)) {
    const lines = bytes.toString('utf8').split('\n');
    for (const [place, line] of lines.entries()) {
      const text = line.trim();
      if (text !== '') yield { number: first + place, text };
    }
  }
}

/**
 * The bytes of a file in whole lines, through gzip where its name ends in `.gz`, without a byte order mark.
 * @throws UserError where the file cannot be read, a line passes the limit, or is not UTF-8.
 */
export async function* readBlocks(path: string): AsyncGenerator<Block> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let first = 1;
  try {
    for await (const chunk of openBytes(path)) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const block = blockOf(path, [...rest, chunk.subarray(0, end)], first);
        yield block;
        first += linesIn(block.bytes);
        rest = [];
        restBytes = 0;
      }
      rest.push(chunk.subarray(end));
      restBytes += chunk.length - end;
      if (restBytes > MAX_ROW_BYTES) throw rowTooLong(path, first);
    }
    if (restBytes > 0) yield blockOf(path, rest, first);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function blockOf(path: string, parts: readonly Buffer[], first: number): Block {
  const bytes = Buffer.concat(parts);
  requireUtf8(path, bytes, first);
  const hasMark = first === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return { bytes: hasMark ? bytes.subarray(3) : bytes, first };
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

function openBytes(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!path.endsWith('.gz')) return file;
  const plain = createGunzip();
  // pipe() does not hand errors on.
  file.on('error', (error) => plain.destroy(error));
  return file.pipe(plain);
}

/** @throws UserError unless `path` is a file that can be read again from its start: no pipe, no device. */
export function requireRegularFile(path: string): void {
  let isFile: boolean;
  try {
    isFile = statSync(path).isFile();
  } catch (error) {
    throw unreadable(path, error);
  }
  if (!isFile) throw new UserError(`${path} is not a regular file`, 'save the trace to a file first');
}

/** The error of a file that cannot be read. */
export function unreadable(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(
    `${path} cannot be read: ${messageOf(error)}`,
    'check the path, and that the file is complete',
  );
}
