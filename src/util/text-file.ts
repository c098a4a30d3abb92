import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, UserError } from './errors.js';
import { MAX_ROW_BYTES } from './limits.js';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;

/**
 * Reads a small UTF-8 file completely, without a byte order mark.
 * @param maxBytes limit, also for pipes and devices that never end.
 * @throws UserError for a folder, a larger file, and bytes that are not UTF-8, naming the line.
 */
export function readTextFile(path: string, maxBytes: number): string {
  const bytes = readBoundedFile(path, maxBytes);
  requireUtf8(path, bytes);
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/**
 * @param firstLine line number of the first byte, which must be at a character boundary.
 * @throws UserError that names the line of the first byte that is not UTF-8.
 */
export function requireUtf8(path: string, bytes: Uint8Array, firstLine = 1): void {
  if (isUtf8(bytes)) return;
  let line = firstLine;
  for (let start = 0; ; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    // A line feed is never part of another character.
    if (newline === -1 || !isUtf8(bytes.subarray(start, newline))) break;
    start = newline + 1;
  }
  const coding = firstLine === 1 && hasUtf16Mark(bytes) ? 'UTF-16' : 'ISO-8859-1';
  throw new UserError(
    `${path}:${line}: the line is not valid UTF-8`,
    `save the file as UTF-8, for example with: iconv -f ${coding} -t UTF-8 FILE`,
  );
}

function hasUtf16Mark([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The error for a row that is too long. */
export function rowTooLong(path: string, line: number): UserError {
  return new UserError(
    `${path}:${line}: the row is longer than ${MAX_ROW_BYTES / 2 ** 20} MiB, the limit`,
    'expected one JSON object per line',
  );
}

/**
 * Reads a small file completely.
 * @param maxBytes limit, also for pipes and devices that never end.
 * @throws UserError for a folder, and for a larger file.
 */
export function readBoundedFile(path: string, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    if (fstatSync(file).isDirectory()) throw new UserError(`${path} is a folder, not a file`);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) return Buffer.concat(chunks);
      length += read;
      if (length > maxBytes)
        throw new UserError(`${path} holds more than ${maxBytes / 2 ** 20} MiB, the limit`);
      chunks.push(chunk.subarray(0, read));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
