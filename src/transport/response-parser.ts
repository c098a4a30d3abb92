import { ResponseTooLarge, responseLimits } from '../util/response-limits.js';
import { type Head, headOf, MalformedResponse } from './response-head.js';
import type { ResponseHead } from './transport.js';

/** Receives the parts of a response. */
export interface ResponseSink {
  /** The final head; interim (1xx) heads are skipped. */
  onHead(head: ResponseHead): void;
  /** Body bytes `bytes[start, end)` after transfer decoding. */
  onBody(bytes: Buffer, start: number, end: number): void;
}

/**
 * Parses consecutive HTTP/1.x responses to GET and POST, split at any byte. Lines may end with LF alone. Contradictory
 * lengths (both Transfer-Encoding and Content-Length, or several Content-Lengths) are malformed, because the end of
 * such a body is ambiguous.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #maxHeadBytes: number;
  #state: State = HEAD;
  /** Bytes of a head that spans reads. */
  #head: Buffer = nothing;
  #headLength = 0;
  /** The current line of the head or trailer is empty so far, except perhaps a CR. */
  #lineEmpty = true;
  /** Head: a byte other than a leading line end has arrived. */
  #headStarted = false;
  /** Bytes before the body: leading line ends, interim heads and the head itself. */
  #headBytes = 0;
  /** Remaining body bytes of the response or of the chunk. */
  #remaining = 0;
  #sizeDigits = 0;
  /** Skipped bytes of a chunk extension or trailer. */
  #skipped = 0;
  #keepAlive = false;
  #keepAliveHintMs: number | undefined;

  /** @param maxHeadBytes limit for everything before the body, and for a trailer or chunk extension. */
  constructor(sink: ResponseSink, maxHeadBytes: number = responseLimits.headerBytes.default) {
    this.#sink = sink;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** The response is complete; call `reset` before feeding the next one. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** The final head has arrived. */
  get hasHead(): boolean {
    return this.#state !== HEAD;
  }

  /** Any byte of the response, or of an interim one, has arrived. */
  get started(): boolean {
    return this.#state !== HEAD || this.#headStarted;
  }

  /** The server accepts another request on this connection, according to the head. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** The server's idle timeout (`Keep-Alive: timeout=`), ms. */
  get keepAliveHintMs(): number | undefined {
    return this.#keepAliveHintMs;
  }

  reset(): void {
    this.#state = HEAD;
    this.#headLength = 0;
    this.#lineEmpty = true;
    this.#headStarted = false;
    this.#headBytes = 0;
    this.#keepAlive = false;
    this.#keepAliveHintMs = undefined;
  }

  /**
   * Parses `bytes[start, end)`. Returns the position after the response's last byte if it is complete, else `end`.
   * @throws MalformedResponse or ResponseTooLarge
   */
  feed(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#state !== DONE) {
      switch (this.#state) {
        case HEAD:
          at = this.#feedHead(bytes, at, end);
          break;
        case FIXED:
        case CHUNK_DATA:
          at = this.#feedBody(bytes, at, end);
          break;
        case CHUNK_SIZE:
          at = this.#feedChunkSize(bytes, at, end);
          break;
        case CHUNK_EXTENSION:
          at = this.#feedChunkExtension(bytes, at, end);
          break;
        case CHUNK_END:
          at = this.#feedChunkEnd(bytes, at, end);
          break;
        case TRAILER:
          at = this.#feedTrailer(bytes, at, end);
          break;
        default:
          this.#sink.onBody(bytes, at, end);
          at = end;
      }
    }
    return at;
  }

  /** The server closed its side. Returns whether that completes the response. */
  close(): boolean {
    if (this.#state === TO_CLOSE) this.#state = DONE;
    return this.#state === DONE;
  }

  #feedHead(bytes: Buffer, start: number, end: number): number {
    let at = start;
    // Line ends left over from a body longer than announced: the standard recommends skipping them.
    while (!this.#headStarted && at < end && (bytes[at] === LF || bytes[at] === CR)) at++;
    const from = at;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === LF) {
        if (this.#lineEmpty) break;
        this.#lineEmpty = true;
      } else if (byte !== CR) {
        this.#lineEmpty = false;
      }
    }
    if (from < end) this.#headStarted = true;
    const length = this.#headLength + at - from;
    this.#headBytes += at - start;
    if (this.#headBytes > this.#maxHeadBytes) throw this.#tooLarge();
    if (at === end) {
      this.#collectHead(bytes, from, end, length);
      return end;
    }
    if (this.#headLength === 0) {
      this.#beginBody(headOf(bytes, from, at));
    } else {
      this.#collectHead(bytes, from, at, length);
      this.#beginBody(headOf(this.#head, 0, length));
    }
    return at + 1;
  }

  #collectHead(bytes: Buffer, start: number, end: number, length: number): void {
    if (length > this.#head.length) {
      const grown = Buffer.allocUnsafe(Math.max(1024, 2 * length));
      this.#head.copy(grown, 0, 0, this.#headLength);
      this.#head = grown;
    }
    bytes.copy(this.#head, this.#headLength, start, end);
    this.#headLength = length;
  }

  #beginBody(head: Head): void {
    if (head.status === 101) throw new MalformedResponse('the server switched protocols (101)');
    if (head.status < 200) {
      this.#headLength = 0;
      this.#lineEmpty = true;
      return;
    }
    const { body, keepAlive, keepAliveHintMs } = head.framing;
    this.#keepAlive = keepAlive;
    this.#keepAliveHintMs = keepAliveHintMs;
    if (body === 'chunked') {
      this.#beginChunk();
      this.#state = CHUNK_SIZE;
    } else if (body === 'up to the close') {
      this.#state = TO_CLOSE;
    } else {
      this.#remaining = body;
      this.#state = body === 0 ? DONE : FIXED;
    }
    this.#sink.onHead(head);
  }

  #feedBody(bytes: Buffer, start: number, end: number): number {
    const length = Math.min(this.#remaining, end - start);
    this.#remaining -= length;
    if (this.#remaining === 0) this.#state = this.#state === FIXED ? DONE : CHUNK_END;
    this.#sink.onBody(bytes, start, start + length);
    return start + length;
  }

  #beginChunk(): void {
    this.#remaining = 0;
    this.#sizeDigits = 0;
    this.#skipped = 0;
  }

  #feedChunkSize(bytes: Buffer, start: number, end: number): number {
    let size = this.#remaining;
    let digits = this.#sizeDigits;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
      if (digit >= 0 && digit <= 15 && (byte <= 0x39 || digit >= 10)) {
        size = size * 16 + digit;
        if (++digits > LONGEST_SIZE) throw new MalformedResponse('a chunk size has too many digits');
      } else {
        if (
          digits === 0 ||
          (byte !== CR && byte !== LF && byte !== SEMICOLON && byte !== SPACE && byte !== TAB)
        ) {
          throw new MalformedResponse(`a chunk size holds the byte 0x${byte.toString(16).padStart(2, '0')}`);
        }
        this.#remaining = size;
        this.#state = CHUNK_EXTENSION;
        return at;
      }
    }
    this.#remaining = size;
    this.#sizeDigits = digits;
    return end;
  }

  #feedChunkExtension(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== LF) at++;
    this.#skip(at - start);
    if (at === end) return end;
    this.#lineEmpty = true;
    this.#skipped = 0;
    this.#state = this.#remaining === 0 ? TRAILER : CHUNK_DATA;
    return at + 1;
  }

  #feedChunkEnd(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (bytes[at] === CR && this.#skipped === 0) {
      this.#skipped = 1;
      if (++at === end) return end;
    }
    if (bytes[at] !== LF) throw new MalformedResponse('a chunk is longer than its size');
    this.#beginChunk();
    this.#state = CHUNK_SIZE;
    return at + 1;
  }

  #feedTrailer(bytes: Buffer, start: number, end: number): number {
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === LF) {
        if (this.#lineEmpty) {
          this.#state = DONE;
          return at + 1;
        }
        this.#lineEmpty = true;
      } else if (byte !== CR) {
        this.#lineEmpty = false;
      }
    }
    this.#skip(end - start);
    return end;
  }

  #skip(length: number): void {
    this.#skipped += length;
    if (this.#skipped > this.#maxHeadBytes) throw this.#tooLarge();
  }

  #tooLarge(): ResponseTooLarge {
    return new ResponseTooLarge('headerBytes', this.#maxHeadBytes);
  }
}

type State = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
const HEAD = 0;
const FIXED = 1;
const CHUNK_SIZE = 2;
const CHUNK_EXTENSION = 3;
const CHUNK_DATA = 4;
const CHUNK_END = 5;
const TRAILER = 6;
const TO_CLOSE = 7;
const DONE = 8;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const SEMICOLON = 0x3b;
/** Hexadecimal digits: 13 of them stay below 2^53. */
const LONGEST_SIZE = 13;
const nothing = Buffer.alloc(0);
