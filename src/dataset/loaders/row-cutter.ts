import { UserError } from '../../util/errors.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { rowTooLong } from '../../util/text-file.js';

const [NEWLINE, COMMA, QUOTE, BACKSLASH] = [0x0a, 0x2c, 0x22, 0x5c] as const;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** A row of a file, as it is written there, without surrounding white space. */
export interface CutRow {
  /** Line of its first byte, from 1. */
  readonly line: number;
  /** Offset of its first byte in the decompressed file. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * Cuts a file of JSON into rows as its bytes arrive: one row per line, or the items of one JSON array. Rows are not
 * parsed. Blank lines are skipped. Holds the row that is not complete, at most `MAX_ROW_BYTES`.
 */
export class RowCutter {
  readonly #path: string;
  /** Undefined until the first character that is not blank. */
  #isArray: boolean | undefined;
  /** Blank characters at the end of what was read before. */
  #blanks = 0;
  /** Offset of the next chunk. */
  #offset = 0;
  #line = 1;
  /** The row that is not complete: its pieces, offset and line. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #start = 0;
  #startLine = 1;
  // Within an array.
  #depth = 0;
  #inItem = false;
  #inString = false;
  #escaped = false;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The rows that end in the next bytes of the file. Consume them before the next call.
   * @throws UserError for a row that is too long, or what is no array of items.
   */
  *take(chunk: Uint8Array): Generator<CutRow> {
    let from = this.#offset === 0 ? markLength(chunk) : 0;
    while (this.#isArray === undefined && from < chunk.length) {
      if (isSpace(chunk[from])) this.#skip(chunk[from++]);
      else this.#isArray = chunk[from] === OPEN_ARRAY;
    }
    if (from < chunk.length) yield* this.#isArray ? this.#items(chunk, from) : this.#lines(chunk, from);
    this.#offset += chunk.length;
  }

  /** The last row, if the file does not end after a row. @throws UserError if the array is not closed. */
  *end(): Generator<CutRow> {
    if (this.#isArray) {
      if (!this.#isClosed) throw this.#notAnArray('the array is not closed');
    } else if (this.#pieceBytes > 0) {
      const row = this.#row(new Uint8Array(0));
      if (row.bytes.length > 0) yield row;
    }
  }

  /** A blank character before the first row. */
  #skip(byte: number | undefined): void {
    this.#blanks = byte === NEWLINE ? 0 : this.#blanks + 1;
    if (byte === NEWLINE) this.#line++;
    else if (this.#blanks > MAX_ROW_BYTES) throw rowTooLong(this.#path, this.#line);
  }

  *#lines(chunk: Uint8Array, first: number): Generator<CutRow> {
    for (let from = first; from < chunk.length; ) {
      if (this.#pieceBytes === 0) this.#begin(from);
      const newline = chunk.indexOf(NEWLINE, from);
      if (newline === -1) {
        this.#keep(chunk.subarray(from));
        return;
      }
      const row = this.#row(chunk.subarray(from, newline));
      this.#line++;
      from = newline + 1;
      if (row.bytes.length > 0) yield row;
    }
  }

  *#items(chunk: Uint8Array, first: number): Generator<CutRow> {
    // The start of the current item, or of its part in this chunk.
    let start = this.#inItem ? first : -1;
    for (let at = first; at < chunk.length; at++) {
      if (this.#inString) at = this.#stringEnd(chunk, at);
      const byte = chunk[at];
      if (byte === NEWLINE) this.#line++;
      if (at === chunk.length || isBlank(byte) || byte === NEWLINE) continue;
      if (this.#isClosed) throw this.#notAnArray('more data follows the array');
      if (this.#depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        this.#isClosed = byte === CLOSE_ARRAY;
        if (this.#inItem) yield this.#row(chunk.subarray(start, at));
        else if (!this.#isClosed) throw this.#notAnArray('an item is missing before a comma');
        this.#inItem = false;
        continue;
      }
      if (this.#depth === 1 && !this.#inItem) {
        this.#inItem = true;
        this.#begin(at);
        start = at;
      }
      if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#depth++;
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth--;
      else if (byte === QUOTE) this.#inString = true;
    }
    if (this.#inItem) this.#keep(chunk.subarray(start));
  }

  /** Offset after the string that goes on at `from`, or the end of the chunk. */
  #stringEnd(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#escaped) at++;
    while (at < chunk.length && chunk[at] !== QUOTE) at += chunk[at] === BACKSLASH ? 2 : 1;
    this.#inString = at >= chunk.length;
    this.#escaped = at > chunk.length;
    return Math.min(at + 1, chunk.length);
  }

  #begin(at: number): void {
    this.#start = this.#offset + at;
    this.#startLine = this.#line;
  }

  #keep(piece: Uint8Array): void {
    // A copy, because a chunk may be reused for reading.
    this.#pieces.push(piece.slice());
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes > MAX_ROW_BYTES) throw rowTooLong(this.#path, this.#startLine);
  }

  /** The row that ends with `end`. */
  #row(end: Uint8Array): CutRow {
    const bytes = this.#pieceBytes === 0 ? end : Buffer.concat([...this.#pieces, end]);
    this.#pieces = [];
    this.#pieceBytes = 0;
    let from = 0;
    let to = bytes.length;
    while (to > from && isSpace(bytes[to - 1])) to--;
    while (from < to && isSpace(bytes[from])) from++;
    if (to - from > MAX_ROW_BYTES) throw rowTooLong(this.#path, this.#startLine);
    return { line: this.#startLine, start: this.#start + from, bytes: bytes.subarray(from, to) };
  }

  #notAnArray(problem: string): UserError {
    return new UserError(
      `${this.#path}:${this.#line}: ${problem}`,
      'expected a JSON array of objects, or one JSON object per line',
    );
  }
}

function markLength(chunk: Uint8Array): number {
  return BYTE_ORDER_MARK.every((byte, at) => chunk[at] === byte) ? BYTE_ORDER_MARK.length : 0;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function isSpace(byte: number | undefined): boolean {
  return isBlank(byte) || byte === NEWLINE;
}
