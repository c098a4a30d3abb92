import { UserError } from '../../util/errors.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { rowTooLong } from '../../util/text-file.js';
import { listStart } from './list-start.js';

const [NEWLINE, COMMA, QUOTE, BACKSLASH] = [0x0a, 0x2c, 0x22, 0x5c] as const;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
/** Bytes in which a list under a key of an object must begin. */
const HEAD_BYTES = 65_536;
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
 * Cuts a file of JSON into rows as its bytes arrive: one row per line, or the items of one JSON array, which may be the
 * `data` of an object. Rows are not parsed. Blank lines are skipped. Holds the row that is not complete, at most `MAX_ROW_BYTES`.
 */
export class RowCutter {
  readonly #path: string;
  /** How rows are separated; undefined until that is known. */
  #form: 'lines' | 'array' | 'object' | undefined;
  /** What was read until then, from the first character that is not blank. */
  #head: Uint8Array = new Uint8Array(0);
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
  // Within a list.
  #depth = 0;
  #inItem = false;
  #inString = false;
  #escaped = false;
  #isClosed = false;
  /** Only blanks may follow. */
  #isEnded = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The rows that end in the next bytes of the file. Consume them before the next call.
   * @throws UserError for a row that is too long, or what is no array of items.
   */
  *take(chunk: Uint8Array): Generator<CutRow> {
    let from = this.#offset === 0 && this.#head.length === 0 ? markLength(chunk) : 0;
    if (this.#form === undefined && this.#head.length === 0) {
      while (from < chunk.length && isSpace(chunk[from])) this.#skip(chunk[from++]);
      this.#offset += from;
    }
    if (this.#form !== undefined) yield* this.#cut(chunk, from);
    else if (from < chunk.length) {
      const head = Buffer.concat([this.#head, chunk.subarray(from)]);
      const start = listStart(head) ?? (head.length < HEAD_BYTES ? undefined : 'none');
      this.#head = head;
      if (start !== undefined) yield* this.#begun(start);
    }
  }

  /** The last row, if the file does not end after a row. @throws UserError if a list is not closed. */
  *end(): Generator<CutRow> {
    if (this.#form === undefined) yield* this.#begun('none');
    if (this.#form === 'lines') {
      const row = this.#row(new Uint8Array(0));
      if (row.bytes.length > 0) yield row;
    } else {
      if (!this.#isClosed) throw this.#notAnArray('the array is not closed');
      if (!this.#isEnded) throw this.#notAnArray('the object is not closed');
    }
  }

  /** The rows in the head of the file. */
  *#begun(start: number | 'none'): Generator<CutRow> {
    const head = this.#head;
    this.#head = new Uint8Array(0);
    this.#form = start === 'none' ? 'lines' : start === 0 ? 'array' : 'object';
    const from = start === 'none' ? 0 : start;
    for (let at = head.indexOf(NEWLINE); at !== -1 && at < from; at = head.indexOf(NEWLINE, at + 1))
      this.#line++;
    yield* this.#cut(head, from);
  }

  *#cut(chunk: Uint8Array, from: number): Generator<CutRow> {
    yield* this.#form === 'lines' ? this.#lines(chunk, from) : this.#items(chunk, from);
    this.#offset += chunk.length;
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
      if (this.#isEnded) throw this.#notAnArray(`more data follows the ${this.#form}`);
      if (this.#isClosed) {
        // The other members of the object.
        this.#nest(byte);
        this.#isEnded = this.#depth === 0;
        continue;
      }
      if (this.#depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        this.#isClosed = byte === CLOSE_ARRAY;
        this.#isEnded = this.#isClosed && this.#form === 'array';
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
      this.#nest(byte);
    }
    if (this.#inItem) this.#keep(chunk.subarray(start));
  }

  #nest(byte: number | undefined): void {
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth--;
    else if (byte === QUOTE) this.#inString = true;
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
