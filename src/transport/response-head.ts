import { STATUS_CODES } from 'node:http';
import { cut } from '../util/cut.js';
import { withoutSecrets } from '../util/secrets.js';
import type { ResponseHead } from './transport.js';

/** The bytes are not a valid HTTP/1 response; `message` explains why. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

/** Status line and headers of a response. */
export class Head implements ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Lower-case name, value, name, value … */
  readonly #fields: readonly string[];
  /** The names as sent by the server. */
  readonly #names: readonly string[];
  #framing: Framing | undefined = undefined;

  constructor(
    status: number,
    reason: string,
    minorVersion: number,
    fields: readonly string[],
    names: readonly string[],
  ) {
    this.status = status;
    this.reason = reason;
    this.minorVersion = minorVersion;
    this.#fields = fields;
    this.#names = names;
  }

  header(name: string): string | undefined {
    let joined: string | undefined;
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] === name)
        joined = joined === undefined ? this.#fields[i + 1] : `${joined}, ${this.#fields[i + 1]}`;
    }
    return joined;
  }

  headers(): (readonly [string, string])[] {
    const spelling = new Map<string, string>();
    for (const name of this.#names) {
      const key = name.toLowerCase();
      if (!spelling.has(key)) spelling.set(key, name);
    }
    return [...spelling].map(([key, name]) => [name, this.header(key) ?? '']);
  }

  /** @throws MalformedResponse */
  get framing(): Framing {
    this.#framing ??= framingOf(this);
    return this.#framing;
  }
}

/** What a head specifies about the body and about reuse of the connection. */
export interface Framing {
  /** Length of the body in bytes, if known in advance. */
  readonly body: number | 'chunked' | 'up to the close';
  /** The server accepts another request on the connection. */
  readonly keepAlive: boolean;
  /** The server's idle timeout (`Keep-Alive: timeout=`), ms. */
  readonly keepAliveHintMs: number | undefined;
}

// Heads of one server are identical, or differ in a length or the date's second: parsing one takes ten times as long as
// recognising the last one.
let lastBytes: Buffer = Buffer.alloc(0);
let lastHead: Head | undefined;

/** Parses the head `bytes[start, end)`, without the blank line. @throws MalformedResponse */
export function headOf(bytes: Buffer, start: number, end: number): Head {
  const length = end - start;
  if (
    lastHead !== undefined &&
    length === lastBytes.length &&
    bytes.compare(lastBytes, 0, length, start, end) === 0
  ) {
    return lastHead;
  }
  const head = readHead(bytes.toString('latin1', start, end));
  lastBytes = Buffer.from(bytes.subarray(start, end));
  lastHead = head;
  return head;
}

/**
 * Parses the text of a head, without the blank line. A folded line (starting with a space or tab) continues the
 * previous value.
 * @throws MalformedResponse
 */
function readHead(text: string): Head {
  const lines = text.split('\n');
  const status = statusLine.exec(withoutCr(lines[0] ?? ''));
  if (status === null)
    throw new MalformedResponse(`the status line is ${JSON.stringify(shortened(lines[0] ?? ''))}`);
  const fields: string[] = [];
  const names: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = withoutCr(lines[i] ?? '');
    if (line === '') continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const value = fields.pop();
      if (value === undefined) throw new MalformedResponse('the first header line is a continuation');
      fields.push(`${value} ${line.trim()}`.trim());
      continue;
    }
    const colon = line.indexOf(':');
    const written = line.slice(0, Math.max(colon, 0));
    const name = written.toLowerCase();
    if (!token.test(name)) throw new MalformedResponse(`a header line is ${JSON.stringify(shortened(line))}`);
    fields.push(name, line.slice(colon + 1).trim());
    names.push(written);
  }
  const code = Number(status[2]);
  return new Head(code, status[3]?.trim() || (STATUS_CODES[code] ?? ''), Number(status[1]), fields, names);
}

/** Whether the comma-separated list contains the token; both in lower case. */
function hasToken(list: string, wanted: string): boolean {
  return list === wanted || (list.includes(wanted) && list.split(',').some((part) => part.trim() === wanted));
}

function framingOf(head: Head): Framing {
  const connection = head.header('connection')?.toLowerCase() ?? '';
  const keepAlive =
    head.minorVersion === 0 ? hasToken(connection, 'keep-alive') : !hasToken(connection, 'close');
  const hint = /(?:^|[,;\s])timeout=(\d+)/i.exec(head.header('keep-alive') ?? '');
  const body = bodyForm(head);
  return {
    body,
    keepAlive: keepAlive && body !== 'up to the close',
    keepAliveHintMs: hint === null ? undefined : Number(hint[1]) * 1000,
  };
}

function bodyForm(head: Head): Framing['body'] {
  const coding = head.header('transfer-encoding')?.toLowerCase();
  const length = head.header('content-length');
  if (coding !== undefined && length !== undefined) {
    throw new MalformedResponse('both Transfer-Encoding and Content-Length are given');
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new MalformedResponse(`Content-Length is not one number: "${length}"`);
  }
  if (head.status === 204 || head.status === 304) return 0;
  if (coding !== undefined) return /(?:^|,)\s*chunked$/.test(coding) ? 'chunked' : 'up to the close';
  return length === undefined ? 'up to the close' : Number(length);
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function shortened(line: string): string {
  // Mask before cutting: half of a secret would not be recognised.
  return cut(line.length > 80 ? withoutSecrets(line) : line, 80);
}
