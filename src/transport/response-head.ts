import { STATUS_CODES } from 'node:http';
import type { ResponseHead } from './transport.js';

/** The bytes are not an HTTP/1 response. `message` says what is wrong with them. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

/** Status line and headers of one response. */
export class Head implements ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Lower-case name, value, name, value … */
  readonly #fields: readonly string[];

  constructor(status: number, reason: string, minorVersion: number, fields: readonly string[]) {
    this.status = status;
    this.reason = reason;
    this.minorVersion = minorVersion;
    this.#fields = fields;
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
    const names = this.#fields.filter((_, i) => i % 2 === 0);
    return [...new Set(names)].map((name) => [name, this.header(name) ?? '']);
  }
}

/**
 * Reads a head from its text, the blank line left out. A folded line (it starts with a space or tab) goes on with
 * the value of the line before.
 * @throws MalformedResponse
 */
export function readHead(text: string): Head {
  const lines = text.split('\n');
  const status = statusLine.exec(withoutCr(lines[0] ?? ''));
  if (status === null)
    throw new MalformedResponse(`the status line is ${JSON.stringify(shortened(lines[0] ?? ''))}`);
  const fields: string[] = [];
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
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!token.test(name)) throw new MalformedResponse(`a header line is ${JSON.stringify(shortened(line))}`);
    fields.push(name, line.slice(colon + 1).trim());
  }
  const code = Number(status[2]);
  return new Head(code, status[3]?.trim() || (STATUS_CODES[code] ?? ''), Number(status[1]), fields);
}

/** True when the comma-separated list holds the token; both in lower case. */
export function hasToken(list: string, wanted: string): boolean {
  return list === wanted || (list.includes(wanted) && list.split(',').some((part) => part.trim() === wanted));
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function shortened(line: string): string {
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
