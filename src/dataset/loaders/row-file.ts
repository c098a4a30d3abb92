import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../../util/errors.js';

/** A file of lines, held as its bytes and shared between threads. Blank lines are no rows. */
export interface RowFile {
  readonly path: string;
  /** UTF-8, decompressed. */
  readonly bytes: Uint8Array;
  /** By row: its first byte in `bytes`, the byte behind its last, its line number (from 1). */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly lines: Uint32Array;
}

/** Reads a file, through gzip where its name ends in `.gz`. @throws UserError where that fails, or there is no row. */
export async function readRowFile(path: string): Promise<RowFile> {
  const bytes = await readShared(path);
  const starts: number[] = [];
  const ends: number[] = [];
  const lines: number[] = [];
  const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let line = 0;
  for (let from = hasByteOrderMark ? 3 : 0; from < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, from);
    const next = newline === -1 ? bytes.length : newline + 1;
    let start = from;
    let end = newline === -1 ? bytes.length : newline;
    while (end > start && isBlank(bytes[end - 1])) end--;
    while (start < end && isBlank(bytes[start])) start++;
    line++;
    if (end > start) {
      starts.push(start);
      ends.push(end);
      lines.push(line);
    }
    from = next;
  }
  if (starts.length === 0) {
    throw new UserError(`${path} holds no rows`, 'expected one JSON object a line');
  }
  return { path, bytes, starts: shared(starts), ends: shared(ends), lines: shared(lines) };
}

/** A file of rows that were made, not read; each keeps the number of the line that it was made of. */
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

/** Number of rows. */
export function rowCount(file: RowFile): number {
  return file.starts.length;
}

/** The text of row `row`, without white space around it. */
export function rowText(file: RowFile, row: number): string {
  const { buffer, byteOffset, byteLength } = file.bytes;
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8', file.starts[row], file.ends[row]);
}

/** Numbers in memory that threads share. */
export function shared(values: ArrayLike<number>): Uint32Array {
  const array = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

async function readShared(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const collect = async (source: AsyncIterable<Uint8Array>) => {
    for await (const chunk of source) {
      chunks.push(chunk);
      length += chunk.length;
    }
  };
  try {
    const file = createReadStream(path, { highWaterMark: 1 << 20 });
    if (path.endsWith('.gz')) await pipeline(file, createGunzip(), collect);
    else await pipeline(file, collect);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'check --input-file');
  }
  if (length > 0xffff_ffff) throw new UserError(`${path} holds ${length} bytes; at most 4 GiB can be read`);
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
