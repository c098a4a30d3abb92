import { describe, expect, it } from 'vitest';
import { MalformedResponse } from '../../src/transport/response-head.js';
import { ResponseParser } from '../../src/transport/response-parser.js';
import type { ResponseHead } from '../../src/transport/transport.js';
import { ResponseTooLarge } from '../../src/util/response-limits.js';

interface Parsed {
  readonly head: ResponseHead | undefined;
  readonly body: string;
  readonly parser: ResponseParser;
  /** Bytes behind the end of the response. */
  readonly rest: string;
}

function parse(pieces: readonly string[]): Parsed {
  let head: ResponseHead | undefined;
  let body = '';
  let rest = '';
  const parser = new ResponseParser({
    onHead: (got) => {
      if (head !== undefined) throw new Error('two heads');
      head = got;
    },
    onBody: (bytes, start, end) => {
      if (head === undefined || start >= end) throw new Error('body before head, or empty');
      body += bytes.toString('latin1', start, end);
    },
  });
  for (const piece of pieces) {
    // The range stands inside a larger buffer of bytes that would change the result.
    const bytes = Buffer.concat([
      Buffer.from('9\r\n'),
      Buffer.from(piece, 'latin1'),
      Buffer.from('\r\n\r\n'),
    ]);
    const end = 3 + Buffer.byteLength(piece, 'latin1');
    const at = parser.feed(bytes, 3, end);
    rest += bytes.toString('latin1', at, end);
  }
  return { head, body, parser, rest };
}

const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

interface Expected {
  readonly status?: number;
  readonly reason?: string;
  readonly body?: string;
  readonly done?: boolean;
  readonly keepAlive?: boolean;
  readonly rest?: string;
}

const responses: [string, string, Expected][] = [
  [
    'content-length',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    { status: 200, reason: 'OK', body: 'hello' },
  ],
  ['content-length 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { body: '' }],
  ['no reason', 'HTTP/1.1 429\r\nContent-Length: 0\r\n\r\n', { status: 429, reason: 'Too Many Requests' }],
  ['empty reason', 'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n', { status: 404, reason: 'Not Found' }],
  ['own reason', 'HTTP/1.1 404 Nix  da\r\nContent-Length: 0\r\n\r\n', { status: 404, reason: 'Nix  da' }],
  ['unknown status', 'HTTP/1.1 799\r\nContent-Length: 0\r\n\r\n', { status: 799, reason: '' }],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi', { body: 'hi' }],
  ['line ends before the head', '\r\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', { body: 'hi' }],
  ['chunked', `${chunkedHead}3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n`, { body: 'abc0123456789' }],
  [
    'chunk extensions',
    `${chunkedHead}3;a=b;c="d"\r\nabc\r\n2 ; x\r\nde\r\n0;last\r\n\r\n`,
    { body: 'abcde' },
  ],
  ['trailers', `${chunkedHead}3\r\nabc\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n`, { body: 'abc' }],
  ['chunks over bare line feeds', `${chunkedHead}3\nabc\n0\nX: 1\n\n`, { body: 'abc' }],
  ['chunk data with line ends', `${chunkedHead}6\r\n\r\n0\r\n\r\r\n0\r\n\r\n`, { body: '\r\n0\r\n\r' }],
  [
    'codings before chunked',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    { body: 'x' },
  ],
  [
    'bytes behind the end',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1',
    { body: 'hi', rest: 'HTTP/1.1' },
  ],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '' }],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', { status: 304, body: '' }],
  [
    'interim heads',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    { status: 200, body: 'hi' },
  ],
  [
    'to the close',
    'HTTP/1.1 200 OK\r\n\r\nany\r\n\r\nthing',
    { body: 'any\r\n\r\nthing', done: false, keepAlive: false },
  ],
  [
    'a coding that is not chunked: to the close',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz',
    { body: 'xyz', done: false, keepAlive: false },
  ],
  [
    'Connection: close',
    'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n',
    { keepAlive: false },
  ],
  [
    'a token that holds close',
    'HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 0\r\n\r\n',
    { keepAlive: true },
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', { body: 'hi', keepAlive: false }],
  [
    'HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi',
    { body: 'hi', keepAlive: true },
  ],
  ['short: length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', { body: 'hel', done: false }],
  ['short: chunk', `${chunkedHead}5\r\nhel`, { body: 'hel', done: false }],
  ['short: last chunk missing', `${chunkedHead}3\r\nhel\r\n`, { body: 'hel', done: false }],
  ['short: trailer', `${chunkedHead}0\r\nX: y\r\n`, { body: '', done: false }],
];

describe('responses', () => {
  it.each(responses)('%s', (_name, text, expected) => {
    const whole = {
      done: true,
      keepAlive: true,
      body: '',
      rest: '',
      status: 200,
      reason: undefined,
      ...expected,
    };
    const bytewise = [...text];
    const cuts = Array.from({ length: text.length + 1 }, (_, i) => [text.slice(0, i), text.slice(i)]);
    for (const pieces of [[text], bytewise, ...cuts]) {
      const { head, body, parser, rest } = parse(pieces);
      expect({
        status: head?.status,
        reason: whole.reason === undefined ? undefined : head?.reason,
        body,
        done: parser.done,
        keepAlive: parser.keepAlive,
        rest: rest.length,
      }).toEqual({ ...whole, rest: whole.rest.length });
    }
  });

  it('is complete at the close only where the body lasts to the close', () => {
    const atClose = (text: string) => parse([text]).parser.close();
    expect(atClose('HTTP/1.1 200 OK\r\n\r\n')).toBe(true);
    expect(atClose('HTTP/1.1 200 OK\r\n\r\nx')).toBe(true);
    expect(atClose('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx')).toBe(false);
    expect(atClose(`${chunkedHead}1\r\nx\r\n0\r\n`)).toBe(false);
    expect(atClose('HTTP/1.1 200 OK\r\n')).toBe(false);
    expect(atClose('')).toBe(false);
  });

  it('knows how far a response has come', () => {
    const stage = (text: string) => {
      const { parser } = parse([text]);
      return [parser.started, parser.hasHead, parser.done];
    };
    expect(stage('')).toEqual([false, false, false]);
    expect(stage('\r\n')).toEqual([false, false, false]);
    expect(stage('H')).toEqual([true, false, false]);
    expect(stage('HTTP/1.1 100 Continue\r\n\r\n')).toEqual([true, false, false]);
    expect(stage('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n')).toEqual([true, true, false]);
    expect(stage('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).toEqual([true, true, true]);
  });

  it('takes the next response after reset', () => {
    const bodies: string[] = [];
    const parser = new ResponseParser({
      onHead: () => {},
      onBody: (bytes, start, end) => bodies.push(bytes.toString('latin1', start, end)),
    });
    for (const text of [
      `${chunkedHead}1\r\na\r\n0\r\nX: y\r\n\r\n`,
      'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb',
      `${chunkedHead}1\r\nc\r\n0\r\n\r\n`,
    ]) {
      for (const byte of text) parser.feed(Buffer.from(byte), 0, 1);
      expect(parser.done).toBe(true);
      parser.reset();
    }
    expect(bodies).toEqual(['a', 'b', 'c']);
  });
});

describe('headers', () => {
  const headersOf = (lines: string) => parse([`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`]).head;

  it('finds values by lower-case name, joined and trimmed', () => {
    const head = headersOf('Content-TYPE:text/event-stream; charset=utf-8 \r\nX-A: 1\r\nx-a:\t2\r\nEmpty:');
    expect(head?.header('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(head?.header('x-a')).toBe('1, 2');
    expect(head?.header('empty')).toBe('');
    expect(head?.header('missing')).toBeUndefined();
  });

  it('are those of the response at hand, also behind one that differs in a single byte', () => {
    const response = (length: number, etag: string) =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nETag: ${etag}\r\n\r\nabcdefgh`;
    for (const [length, etag] of [
      [3, 'x'],
      [3, 'x'],
      [3, 'y'],
      [5, 'y'],
      [3, 'x'],
    ] as const) {
      const { head, body, rest } = parse([response(length, etag)]);
      expect([head?.header('etag'), body, rest]).toEqual([
        etag,
        'abcdefgh'.slice(0, length),
        'abcdefgh'.slice(length),
      ]);
    }
  });

  it('goes on with a folded line', () => {
    expect(headersOf('X-A: 1\r\n  2\r\n\t3\r\nX-B: 4')?.header('x-a')).toBe('1 2 3');
  });

  it('reads how long an idle connection is kept', () => {
    const hint = (value: string) =>
      parse([`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\nContent-Length: 0\r\n\r\n`]).parser.keepAliveHintMs;
    expect(hint('timeout=5')).toBe(5000);
    expect(hint('max=100, Timeout=75')).toBe(75_000);
    expect(hint('max=100')).toBeUndefined();
  });
});

describe('malformed responses', () => {
  it.each([
    ['not HTTP', 'hello\r\n\r\n', /status line is "hello/],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', /status line/],
    ['two digits', 'HTTP/1.1 20 OK\r\n\r\n', /status line/],
    ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /status line/],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', /switched protocols/],
    ['no colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', /header line is "nonsense"/],
    ['space in the name', 'HTTP/1.1 200 OK\r\nContent Length: 5\r\n\r\n', /header line/],
    ['empty name', 'HTTP/1.1 200 OK\r\n: 5\r\n\r\n', /header line/],
    ['fold first', 'HTTP/1.1 200 OK\r\n x: 5\r\n\r\n', /continuation/],
    [
      'length and coding',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      /both/,
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n', /"3, 4"/],
    ['one length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n', /"3, 3"/],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n', /"-3"/],
    ['a length beyond 2^53', 'HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n', /not one number/],
    ['no chunk size', `${chunkedHead}\r\nabc`, /chunk size holds the byte 0x0d/],
    ['a chunk size that is no number', `${chunkedHead}xyz\r\n`, /0x78/],
    ['a chunk size with a colon', `${chunkedHead}1:\r\n`, /0x3a/],
    ['a huge chunk size', `${chunkedHead}00000000000001\r\n`, /too many digits/],
    ['a chunk longer than its size', `${chunkedHead}2\r\nabc\r\n`, /longer than its size/],
    ['a second CR behind a chunk', `${chunkedHead}2\r\nab\r\r\n`, /longer than its size/],
  ])('%s', (_name, text, message) => {
    expect(() => parse([text])).toThrow(MalformedResponse);
    expect(() => parse([text])).toThrow(message);
    expect(() => parse([...text])).toThrow(message);
  });

  it.each([
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_536)}`],
    ['interim heads without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3000)],
    ['line ends without end', '\r\n'.repeat(32_769)],
    ['an extension without end', `${chunkedHead}2;${'x'.repeat(65_537)}`],
    ['trailers without end', `${chunkedHead}0\r\n${'X: y\r\n'.repeat(11_000)}`],
  ])('%s', (_name, text) => {
    const message = /larger than 65536 bytes; set AIPERF_HTTP_MAX_HEADER_BYTES/;
    expect(() => parse([text])).toThrow(ResponseTooLarge);
    expect(() => parse([...text])).toThrow(message);
  });

  it('takes a head of just under 64 KiB', () => {
    expect(
      parse([`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_000)}\r\nContent-Length: 0\r\n\r\n`]).parser.done,
    ).toBe(true);
  });
});
