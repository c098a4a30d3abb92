import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from './errors.js';
import { MAX_ROW_BYTES } from './limits.js';
import { requireUtf8, rowTooLong } from './text-file.js';

/** A line of a file, without its line feed. */
interface Line {
  readonly text: string;
  /** From 1, counting blank lines. */
  readonly number: number;
  /** Ends with a line feed; false only for the last line of a file. */
  readonly ended: boolean;
}

/** Complete lines of a file, each with its line feed, or the file's last line without one. */
interface Block {
  readonly bytes: Buffer;
  /** Number of its first line. */
  readonly first: number;
  readonly ended: boolean;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 20;

/**
 * Reads the lines of a UTF-8 file, holding only a chunk and one line in memory. A last line without a line feed is not
 * checked, because a killed process may have stopped within a character.
 * @throws UserError for a line that is too long or not UTF-8; the file system's error.
 */
export function* readLines(path: string): Generator<Line> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const blocks = new BlockCutter(path);
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const block = blocks.take(chunk.subarray(0, size));
      if (block === undefined) continue;
      requireUtf8(path, block.bytes, block.first);
      yield* linesOf(block);
    }
    const last = blocks.rest();
    if (last !== undefined) yield { text: last.bytes.toString(), number: last.first, ended: false };
  } finally {
    closeSync(file);
  }
}

/** The same asynchronously, decompressed if the name ends in `.gz`; checks every line. */
export async function* streamLines(path: string): AsyncGenerator<Line> {
  for await (const block of streamBlocks(path)) yield* linesOf(block);
}

/**
 * Reads a file in blocks of complete lines, decompressed if its name ends in `.gz`, without a byte order mark.
 * @throws UserError if the file cannot be read, or a line is too long or not UTF-8.
 */
export async function* streamBlocks(path: string): AsyncGenerator<Block> {
  const checked = (block: Block) => {
    requireUtf8(path, block.bytes, block.first);
    return block;
  };
  try {
    const blocks = new BlockCutter(path);
    for await (const chunk of fileChunks(path)) {
      const block = blocks.take(chunk);
      if (block !== undefined) yield checked(block);
    }
    const last = blocks.rest();
    if (last !== undefined) yield checked(last);
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

function* linesOf({ bytes, first, ended }: Block): Generator<Line> {
  let from = 0;
  for (let number = first; from < bytes.length; number++) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline === -1 ? bytes.length : newline;
    yield { text: bytes.toString('utf8', from, end), number, ended };
    from = end + 1;
  }
}

/** Splits chunks of a file after their last line feed. */
class BlockCutter {
  readonly #path: string;
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #line = 1;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines completed by `chunk`. @throws UserError if one is too long. */
  take(chunk: Buffer): Block | undefined {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    let block: Block | undefined;
    if (end > 0) {
      block = this.#block(chunk.subarray(0, end), true);
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) this.#line++;
    }
    // Copy the start of the next line, because the chunk may be reused for reading.
    if (end < chunk.length) this.#begun.push(Buffer.from(chunk.subarray(end)));
    this.#begunBytes += chunk.length - end;
    if (this.#begunBytes > MAX_ROW_BYTES) throw rowTooLong(this.#path, this.#line);
    return block;
  }

  /** The last line, if it has no line feed. */
  rest(): Block | undefined {
    return this.#begunBytes === 0 ? undefined : this.#block(Buffer.alloc(0), false);
  }

  #block(end: Buffer, ended: boolean): Block {
    const bytes = this.#begunBytes === 0 ? end : Buffer.concat([...this.#begun, end]);
    this.#begun = [];
    this.#begunBytes = 0;
    const first = this.#line;
    const hasMark = first === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return { bytes: hasMark ? bytes.subarray(3) : bytes, first, ended };
  }
}

/**
 * Streams the bytes of a file in chunks of up to 1 MiB, decompressed if its name ends in `.gz`.
 * @throws the error of the file system or of the decompression.
 */
export async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith('.gz')) {
    yield* file;
    return;
  }
  const plain = createGunzip({ chunkSize: CHUNK_BYTES });
  // pipe() does not forward errors, and leaves the file open when its reader stops.
  file.on('error', (error) => plain.destroy(error));
  try {
    yield* file.pipe(plain);
  } finally {
    file.destroy();
  }
}

/** The error for an unreadable file. */
export function unreadableFile(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(
    `${path} cannot be read: ${messageOf(error)}`,
    'check the path, and that the file is complete',
  );
}
