import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../../util/errors.js';
import { freeMemory } from '../../util/free-memory.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { requireUtf8, rowTooLong } from '../../util/text-file.js';

const [NEWLINE, COMMA, QUOTE, BACKSLASH] = [0x0a, 0x2c, 0x22, 0x5c] as const;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

/** A file of rows: its bytes, shared between threads. Blank lines are skipped. */
export interface RowFile {
  readonly path: string;
  /** UTF-8, decompressed. */
  readonly bytes: Uint8Array;
  /** Per row: offset of its first byte, offset after its last byte, line number (from 1). */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly lines: Uint32Array;
}

/**
 * Reads a file with one row per line or with a JSON array of rows; decompresses it if its name ends in `.gz`.
 * @param maxBytes limit after decompression. @throws UserError if reading fails, a limit is exceeded, the bytes are not
 * UTF-8, or there is no row.
 */
export async function readRowFile(path: string, maxBytes = freeBytes()): Promise<RowFile> {
  const bytes = await readShared(path, maxBytes);
  requireUtf8(path, bytes);
  const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const from = hasByteOrderMark ? 3 : 0;
  const starts: number[] = [];
  const ends: number[] = [];
  const lines: number[] = [];
  for (const { start, end, line } of isArray(bytes, from)
    ? items(path, bytes, from)
    : textLines(bytes, from)) {
    if (end - start > MAX_ROW_BYTES) throw rowTooLong(path, line);
    starts.push(start);
    ends.push(end);
    lines.push(line);
  }
  if (starts.length === 0) {
    throw new UserError(
      `${path} holds no rows`,
      'expected one JSON object per line, or a JSON array of them',
    );
  }
  return { path, bytes, starts: shared(starts), ends: shared(ends), lines: shared(lines) };
}

/** Position of a row in a file. */
interface Place {
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
  /** Line of the first byte, from 1. */
  readonly line: number;
}

function* textLines(bytes: Uint8Array, first: number): Generator<Place> {
  let line = 0;
  for (let from = first; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, from);
    const next = newline === -1 ? bytes.length : newline + 1;
    let start = from;
    let end = newline === -1 ? bytes.length : newline;
    while (end > start && isBlank(bytes[end - 1])) end--;
    while (start < end && isBlank(bytes[start])) start++;
    line++;
    if (end > start) yield { start, end, line };
    from = next;
  }
}

/** Whether the first non-blank character opens a JSON array. */
function isArray(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (isBlank(bytes[at]) || bytes[at] === NEWLINE) at++;
  return bytes[at] === OPEN_ARRAY;
}

/** Locates the items of a JSON array without validating them. @throws UserError */
function* items(path: string, bytes: Uint8Array, from: number): Generator<Place> {
  let line = 1;
  let depth = 0;
  let start: number | undefined;
  let startLine = 1;
  let end = from;
  let isClosed = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === NEWLINE) line++;
    if (isBlank(byte) || byte === NEWLINE) continue;
    if (isClosed) throw notAnArray(path, line, 'more data follows the array');
    const isEnd = depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY);
    if (isEnd) {
      if (start !== undefined) yield { start, end, line: startLine };
      else if (byte === COMMA) throw notAnArray(path, line, 'an item is missing before a comma');
      start = undefined;
      isClosed = byte === CLOSE_ARRAY;
      continue;
    }
    if (depth === 1 && start === undefined) {
      start = at;
      startLine = line;
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    else if (byte === QUOTE) at = stringEnd(bytes, at) - 1;
    end = at + 1;
  }
  if (!isClosed) throw notAnArray(path, line, 'the array is not closed');
}

/** Offset after the JSON string that starts at `start`. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, bytes.length);
}

function notAnArray(path: string, line: number, problem: string): UserError {
  return new UserError(
    `${path}:${line}: ${problem}`,
    'expected a JSON array of objects, or one JSON object per line',
  );
}

/** A file of generated rows; each keeps the line number of the row it was made from. */
export function rowFileOf(
  path: string,
  rows: readonly { readonly line: number; readonly text: string }[],
): RowFile {
  const lengths = rows.map(({ text }) => Buffer.byteLength(text));
  const ends: number[] = [];
  for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
  const bytes = new Uint8Array(new SharedArrayBuffer(ends.at(-1) ?? 0));
  const encoder = new TextEncoder();
  const starts = ends.map((end, row) => end - (lengths[row] ?? 0));
  for (const [row, { text }] of rows.entries()) encoder.encodeInto(text, bytes.subarray(starts[row]));
  return {
    path,
    bytes,
    starts: shared(starts),
    ends: shared(ends),
    lines: shared(rows.map(({ line }) => line)),
  };
}

export function rowCount(file: RowFile): number {
  return file.starts.length;
}

/** The text of row `row`, without surrounding white space. */
export function rowText(file: RowFile, row: number): string {
  const { buffer, byteOffset, byteLength } = file.bytes;
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8', file.starts[row], file.ends[row]);
}

/** A copy in shared memory. */
export function shared(values: ArrayLike<number>): Uint32Array {
  const array = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

async function readShared(path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const limits = new LineLimit(path);
  // pipeline() may report the end of another stream instead of the error that caused it.
  let refused: unknown;
  const take = (chunk: Uint8Array) => {
    chunks.push(chunk);
    length += chunk.length;
    limits.take(chunk);
    if (length > maxBytes) {
      throw new UserError(
        `${path} holds more than ${megabytes(maxBytes)} MB, the limit for the free memory of this machine`,
        'use a part of the file, or a machine with more memory',
      );
    }
  };
  const collect = async (source: AsyncIterable<Uint8Array>) => {
    try {
      for await (const chunk of source) take(chunk);
    } catch (error) {
      refused = error;
      throw error;
    }
  };
  try {
    const file = createReadStream(path, { highWaterMark: 1 << 20 });
    if (path.endsWith('.gz')) await pipeline(file, createGunzip(), collect);
    else await pipeline(file, collect);
  } catch (error) {
    if (refused instanceof UserError) throw refused;
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'check --input-file');
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Refuses endless lines while reading; lines within a JSON array do not count. */
class LineLimit {
  readonly #path: string;
  #isArray: boolean | undefined;
  #line = 1;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  take(chunk: Uint8Array): void {
    this.#isArray ??= isArray(chunk, 0);
    if (this.#isArray) return;
    let from = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, from)) {
      from = newline + 1;
      this.#line++;
      this.#bytes = 0;
    }
    this.#bytes += chunk.length - from;
    if (this.#bytes > MAX_ROW_BYTES) throw rowTooLong(this.#path, this.#line);
  }
}

/** A third of the free memory, because the file is copied once while it is read. Offsets in it have 32 bits. */
function freeBytes(): number {
  return Math.min(0xffff_ffff, Math.floor(freeMemory() / 3));
}

function megabytes(bytes: number): string {
  return Math.floor(bytes / 1e6).toLocaleString('en-US');
}
