import { withThousands } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import { freeMemory } from '../../util/free-memory.js';
import { fileChunks } from '../../util/lines.js';
import { requireUtf8 } from '../../util/text-file.js';
import { type CutRow, RowCutter } from './row-cutter.js';
import type { RowText } from './row-stream.js';

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

/** Where the rows of a file are, for messages. */
export interface RowLines extends Pick<RowFile, 'path' | 'parts'> {
  readonly lines: ArrayLike<number>;
}

/**
 * Reads a file with one row per line, with a JSON array of rows, or with an object that has them under `data`;
 * decompresses it if its name ends in `.gz`.
 * @param maxBytes limit after decompression. @throws UserError if reading fails, a limit is exceeded, the bytes are not
 * UTF-8, or there is no row.
 */
export async function readRowFile(path: string, maxBytes = freeBytes()): Promise<RowFile> {
  const read = new CollectedRows(path);
  await reading(path, async () => {
    for await (const chunk of fileChunks(path)) {
      read.take(chunk);
      if (read.length > maxBytes) throw tooLarge(path, maxBytes);
    }
    read.end();
  });
  return read.file();
}

/** Reads the rows in the first `bytes` bytes of a file, at least one. @throws UserError as `readRowFile`. */
export async function readRowHead(path: string, bytes: number): Promise<RowFile> {
  const read = new CollectedRows(path);
  await reading(path, async () => {
    for await (const chunk of fileChunks(path)) {
      read.take(chunk);
      if (read.length >= bytes && read.rows > 0) return;
    }
    read.end();
  });
  return read.file();
}

async function reading(path: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`, 'check --input-file');
  }
}

/** The rows of chunks of a file. */
class CollectedRows {
  readonly #path: string;
  readonly #cutter: RowCutter;
  readonly #chunks: Uint8Array[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #lines: number[] = [];
  length = 0;

  constructor(path: string) {
    this.#path = path;
    this.#cutter = new RowCutter(path);
  }

  get rows(): number {
    return this.#starts.length;
  }

  take(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
    this.#add(() => this.#cutter.take(chunk));
  }

  /** After the last chunk of the file. */
  end(): void {
    this.#add(() => this.#cutter.end());
  }

  file(): RowFile {
    const end = this.#ends.at(-1);
    if (end === undefined) {
      requireUtf8(this.#path, Buffer.concat(this.#chunks));
      throw new UserError(
        `${this.#path} holds no rows`,
        'expected one JSON object per line, or a JSON array of them',
      );
    }
    const bytes = joinedShared(this.#chunks, end);
    requireUtf8(this.#path, bytes);
    const [starts, ends, lines] = [shared(this.#starts), shared(this.#ends), shared(this.#lines)];
    return { path: this.#path, bytes, starts, ends, lines };
  }

  #add(cut: () => Iterable<CutRow>): void {
    try {
      for (const { start, line, bytes } of cut()) {
        this.#starts.push(start);
        this.#ends.push(start + bytes.length);
        this.#lines.push(line);
      }
    } catch (error) {
      // What is not text has no rows either.
      requireUtf8(this.#path, Buffer.concat(this.#chunks));
      throw error;
    }
  }
}

/**
 * The rows of a file that are streamed, in memory.
 * @throws UserError if there are none, or more than memory takes.
 */
export async function collectRows(path: string, source: AsyncIterable<RowText>): Promise<RowFile> {
  const maxBytes = freeBytes();
  const rows: RowText[] = [];
  let bytes = 0;
  for await (const row of source) {
    rows.push(row);
    bytes += row.text.length;
    if (bytes > maxBytes) throw tooLarge(path, maxBytes);
  }
  if (rows.length === 0)
    throw new UserError(`${path} holds no rows`, 'expected rows after the names of columns');
  return rowFileOf(path, rows);
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
    ...{
      path: folder,
      bytes: joinedShared(
        files.map(({ bytes }) => bytes),
        before,
      ),
    },
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
export function rowPlace(file: RowLines, row: number): string {
  return `${rowPath(file, row)}:${file.lines[row]}`;
}

/** The file that a row is from. */
export function rowPath({ path, parts }: Pick<RowFile, 'path' | 'parts'>, row: number): string {
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

/** The first bytes of the chunks in one piece of shared memory. */
function joinedShared(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, length - at), at);
    at += Math.min(chunk.length, length - at);
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
  return withThousands(Math.floor(bytes / 1e6));
}
