import { crc32 } from 'node:zlib';

/** Receives the content of the messages of a stream. */
export interface AmazonStreamHandler {
  /** Payload bytes of a part of the answer: `bytes[start, end)`, received at `atNs`, valid only during the call. */
  onPayload(bytes: Buffer, start: number, end: number, atNs: number): void;
  /** A message that reports a failure. @param type its name. @param text what it holds; '' for nothing. */
  onException(type: string, text: string): void;
}

/**
 * Parses Amazon's binary event stream (`application/vnd.amazon.eventstream`), cut at any byte: messages of a prelude of
 * 12 bytes (length, length of the headers, CRC-32 of both), headers, payload, and a CRC-32 of all before it, integers
 * being big-endian. Payloads are passed on as they arrive; only a message's headers, and the payload of one that reports
 * a failure, are kept.
 */
export class AmazonEventStreamParser {
  readonly #handler: AmazonStreamHandler;
  /** Prelude and headers of the message, then its CRC. */
  #kept = Buffer.alloc(PRELUDE_BYTES);
  #keptBytes = 0;
  /** Bytes to keep before they are read. */
  #wanted = PRELUDE_BYTES;
  #state: 'prelude' | 'headers' | 'payload' | 'crc' = 'prelude';
  #payloadLeft = 0;
  #crc = 0;
  #meaning: Meaning = 'ignored';
  #exceptionType = '';
  #exceptionText = '';

  constructor(handler: AmazonStreamHandler) {
    this.#handler = handler;
  }

  /** @throws Error for a message that is malformed, or whose CRC does not match. */
  feed(bytes: Buffer, start: number, end: number, atNs: number): void {
    let at = start;
    while (at < end)
      at = this.#state === 'payload' ? this.#pass(bytes, at, end, atNs) : this.#keep(bytes, at, end);
  }

  /** @throws Error if the last message is not complete. */
  end(): void {
    if (this.#state !== 'prelude' || this.#keptBytes > 0) throw new Error('its last message is cut off');
  }

  /** Keeps bytes until those that are wanted are complete. Returns where the rest starts. */
  #keep(bytes: Buffer, at: number, end: number): number {
    const next = Math.min(end, at + this.#wanted - this.#keptBytes);
    bytes.copy(this.#kept, this.#keptBytes, at, next);
    this.#keptBytes += next - at;
    if (this.#keptBytes === this.#wanted) this.#take();
    return next;
  }

  #take(): void {
    if (this.#state === 'prelude') this.#takePrelude();
    else if (this.#state === 'headers') this.#takeHeaders();
    else this.#takeCrc();
  }

  #takePrelude(): void {
    const total = this.#kept.readUInt32BE(0);
    const headers = this.#kept.readUInt32BE(4);
    if (crc32(this.#kept.subarray(0, 8)) !== this.#kept.readUInt32BE(8))
      throw new Error('the checksum of a message prelude does not match');
    if (headers > MAX_HEADER_BYTES || total < PRELUDE_BYTES + headers + CRC_BYTES)
      throw new Error(`a message of ${total} bytes has ${headers} bytes of headers`);
    this.#payloadLeft = total - PRELUDE_BYTES - headers - CRC_BYTES;
    this.#crc = crc32(this.#kept.subarray(0, PRELUDE_BYTES));
    if (headers > this.#kept.length) this.#kept = Buffer.alloc(headers);
    this.#expect('headers', headers);
  }

  #takeHeaders(): void {
    const headers = this.#kept.subarray(0, this.#keptBytes);
    this.#crc = crc32(headers, this.#crc);
    const values = readHeaders(headers);
    const kind = values.get(':message-type');
    this.#exceptionText = values.get(':error-message') ?? '';
    this.#exceptionType = values.get(kind === 'error' ? ':error-code' : ':exception-type') ?? '';
    if (kind === 'exception' || kind === 'error') this.#meaning = 'failure';
    else this.#meaning = values.get(':event-type') === 'PayloadPart' ? 'answer' : 'ignored';
    if (this.#payloadLeft === 0) this.#expect('crc', CRC_BYTES);
    else this.#state = 'payload';
  }

  #pass(bytes: Buffer, at: number, end: number, atNs: number): number {
    const next = Math.min(end, at + this.#payloadLeft);
    this.#payloadLeft -= next - at;
    this.#crc = crc32(bytes.subarray(at, next), this.#crc);
    if (this.#meaning === 'answer') this.#handler.onPayload(bytes, at, next, atNs);
    else if (this.#meaning === 'failure' && this.#exceptionText.length < MAX_EXCEPTION_CHARACTERS)
      this.#exceptionText += bytes.toString('latin1', at, next);
    if (this.#payloadLeft === 0) this.#expect('crc', CRC_BYTES);
    return next;
  }

  #takeCrc(): void {
    if (this.#kept.readUInt32BE(0) !== this.#crc) throw new Error('the checksum of a message does not match');
    if (this.#meaning === 'failure') {
      const text = Buffer.from(this.#exceptionText, 'latin1').toString();
      this.#handler.onException(this.#exceptionType, text);
    }
    this.#expect('prelude', PRELUDE_BYTES);
  }

  #expect(state: 'prelude' | 'headers' | 'crc', bytes: number): void {
    this.#state = state;
    this.#keptBytes = 0;
    this.#wanted = bytes;
    // A message may have no headers.
    if (bytes === 0) this.#take();
  }
}

/** What the payload of a message is. */
type Meaning = 'answer' | 'failure' | 'ignored';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
/** The limit of the format. */
const MAX_HEADER_BYTES = 131_072;
const MAX_EXCEPTION_CHARACTERS = 65_536;

/** Bytes of the values of header types 0 to 9; bytes (6) and strings (7) begin with their length. */
const valueBytes = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16] as const;
const STRING = 7;

/** The headers that are strings, by name. @throws Error if they are malformed. */
function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  const malformed = new Error('the headers of a message are malformed');
  let at = 0;
  while (at < bytes.length) {
    const typeAt = at + 1 + (bytes[at] ?? 0);
    const type = bytes[typeAt] ?? 255;
    if (type >= valueBytes.length || typeAt >= bytes.length) throw malformed;
    const fixed = valueBytes[type];
    if (fixed === undefined && typeAt + 3 > bytes.length) throw malformed;
    const valueAt = fixed === undefined ? typeAt + 3 : typeAt + 1;
    const next = valueAt + (fixed ?? bytes.readUInt16BE(typeAt + 1));
    if (next > bytes.length) throw malformed;
    if (type === STRING)
      headers.set(bytes.toString('utf8', at + 1, typeAt), bytes.toString('utf8', valueAt, next));
    at = next;
  }
  return headers;
}
