import { messageOf, UserError } from '../../util/errors.js';
import { freeMemory } from '../../util/free-memory.js';
import { fileChunks } from '../../util/lines.js';
import { requireUtf8 } from '../../util/text-file.js';
import { type CutRow, RowCutter } from './row-cutter.js';

/** A file of rows: its bytes, shared between threads. Blank lines are skipped. */
export interface RowFile {
  readonly path: string;
  /** UTF-8, decompressed. */
  readonly bytes: Uint8Array;
  /** Per row: offset of its first byte, offset after its last byte, line number (from 1). */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly lines: Uint32Array;
  /** Of a folder: its files, and the one that each row is from. */
  readonly parts?: { readonly paths: readonly string[]; readonly ofRow: Uint32Array };
}

/**
 * Reads a file with one row per line, with a JSON array of rows, or with an object that has them under `data`;
 * decompresses it if its name ends in `.gz`.
 * @param maxBytes limit after decompression. @throws UserError if reading fails, a limit is exceeded, the bytes are not
 * UTF-8, or there is no row.
 */
export async function readRowFile(path: string, maxBytes = freeBytes()): Promise<RowFile> {
  const chunks: Uint8Array[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const lines: number[] = [];
  const cutter = new RowCutter(path);
  const take = (rows: Iterable<CutRow>) => {
    for (const { start, line, bytes } of rows) {
      starts.push(start);
      ends.push(start + bytes.length);
      lines.push(line);
    }
  };
  let length = 0;
  try {
    for await (const chunk of fileChunks(path)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(path, maxBytes);
      take(cutter.take(chunk));
    }
    take(cutter.end());
  } catch (error) {
    if (error instanceof UserError) {
      // What is not text has no rows either.
      requireUtf8(path, Buffer.concat(chunks));
      throw error;
    }
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'check --input-file');
  }
  const bytes = joinedShared(chunks);
  requireUtf8(path, bytes);
  if (starts.length === 0) {
    throw new UserError(
      `${path} holds no rows`,
      'expected one JSON object per line, or a JSON array of them',
    );
  }
  return { path, bytes, starts: shared(starts), ends: shared(ends), lines: shared(lines) };
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

/** The rows of several files as those of their folder. */
export function joinedFiles(folder: string, files: readonly RowFile[]): RowFile {
  const starts: number[] = [];
  const ends: number[] = [];
  const lines: number[] = [];
  const ofRow: number[] = [];
  let before = 0;
  for (const [part, file] of files.entries()) {
    for (let row = 0; row < rowCount(file); row++) {
      starts.push(before + (file.starts[row] ?? 0));
      ends.push(before + (file.ends[row] ?? 0));
      lines.push(file.lines[row] ?? 0);
      ofRow.push(part);
    }
    before += file.bytes.length;
  }
  return {
    ...{ path: folder, bytes: joinedShared(files.map(({ bytes }) => bytes)) },
    ...{ starts: shared(starts), ends: shared(ends), lines: shared(lines) },
    parts: { paths: files.map(({ path }) => path), ofRow: shared(ofRow) },
  };
}

/** The same rows in another order. */
export function inOrder(file: RowFile, order: readonly number[]): RowFile {
  const picked = (values: Uint32Array) => shared(order.map((row) => values[row] ?? 0));
  const { starts, ends, lines, parts } = file;
  return {
    ...{ ...file, starts: picked(starts), ends: picked(ends), lines: picked(lines) },
    ...(parts && { parts: { ...parts, ofRow: picked(parts.ofRow) } }),
  };
}

/** Where a row is, for messages. */
export function rowPlace(file: RowFile, row: number): string {
  return `${rowPath(file, row)}:${file.lines[row]}`;
}

/** The file that a row is from. */
export function rowPath({ path, parts }: RowFile, row: number): string {
  return parts?.paths[parts.ofRow[row] ?? 0] ?? path;
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

/** The chunks in one piece of shared memory. */
function joinedShared(chunks: readonly Uint8Array[]): Uint8Array {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** A third of the free memory, because the file is copied once while it is read. Offsets in it have 32 bits. */
function freeBytes(): number {
  return Math.min(0xffff_ffff, Math.floor(freeMemory() / 3));
}

function tooLarge(path: string, maxBytes: number): UserError {
  return new UserError(
    `${path} holds more than ${megabytes(maxBytes)} MB, the limit for the free memory of this machine`,
    'use a part of the file, or a machine with more memory',
  );
}

function megabytes(bytes: number): string {
  return Math.floor(bytes / 1e6).toLocaleString('en-US');
}
