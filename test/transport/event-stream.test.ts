import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamParser, type StreamMessage } from '../../src/transport/event-stream.js';

type Seen = { data: string; atNs: number } | { message: StreamMessage; atNs: number };

/** Feeds the pieces, piece `i` at time `i`. */
function parse(pieces: readonly (string | Buffer)[]): Seen[] {
  const seen: Seen[] = [];
  const parser = new EventStreamParser({
    onData: (bytes, start, end, atNs) => seen.push({ data: bytes.toString('utf8', start, end), atNs }),
    onMessage: (message, atNs) => seen.push({ message, atNs }),
  });
  pieces.forEach((piece, i) => {
    // Bytes around the range must not be looked at: they are made to look like line ends.
    const inner = Buffer.from(piece);
    const bytes = Buffer.concat([Buffer.from('\n\n'), inner, Buffer.from('\n\n')]);
    parser.feed(bytes, 2, 2 + inner.length, i);
    bytes.fill('\n');
  });
  parser.end();
  return seen;
}

const dataOf = (seen: Seen) => ('data' in seen ? seen.data : seen.message.data);

describe('a message above the limit', () => {
  const feed = (text: string, pieceBytes: number) => {
    const messages: string[] = [];
    const parser = new EventStreamParser(
      {
        onData: (bytes, start, end) => messages.push(bytes.toString('latin1', start, end)),
        onMessage: ({ data }) => messages.push(data ?? ''),
      },
      100,
    );
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += pieceBytes)
      parser.feed(bytes, at, Math.min(bytes.length, at + pieceBytes), 0);
    return messages;
  };

  it.each([1, 7, 99])('is refused, and one of just the limit is not, in pieces of %i bytes', (pieceBytes) => {
    const most = `data: ${'x'.repeat(93)}\n`;
    expect(most).toHaveLength(100);
    expect(feed(`${most}\n${most}\n`, pieceBytes)).toEqual(['x'.repeat(93), 'x'.repeat(93)]);
    for (const text of [`data: ${'x'.repeat(95)}`, 'data: x\n'.repeat(13), `: ${'x'.repeat(99)}`])
      expect(() => feed(text, pieceBytes)).toThrow(
        /larger than 100 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
      );
  });
});

describe('a message of very many fields', () => {
  it('is refused beyond 100,000 of them', () => {
    expect(parse([`${'data:\n'.repeat(100_000)}\n`])).toHaveLength(1);
    expect(() => parse([`${'data:\n'.repeat(100_001)}\n`])).toThrow('one event has more than 100000 fields');
  });
});

describe('messages of one data line', () => {
  it.each<[string, string[], Seen[]]>([
    [
      'LF',
      ['data: a\n\ndata: b\n\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 0 },
      ],
    ],
    [
      'CR LF',
      ['data: a\r\n\r\ndata: b\r\n\r\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 0 },
      ],
    ],
    [
      'CR',
      ['data: a\r\rdata: b\r\r'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 0 },
      ],
    ],
    [
      'mixed',
      ['data: a\r\n\ndata: b\n\rdata: c\r\r\ndata: d\n\r\n'],
      ['a', 'b', 'c', 'd'].map((data) => ({ data, atNs: 0 })),
    ],
    ['no space', ['data:a\n\n'], [{ data: 'a', atNs: 0 }]],
    ['two spaces: one goes', ['data:  a \n\n'], [{ data: ' a ', atNs: 0 }]],
    [
      'empty value',
      ['data:\n\ndata: \n\n'],
      [
        { data: '', atNs: 0 },
        { data: '', atNs: 0 },
      ],
    ],
    ['colons in the value', ['data: a:b: c\n\n'], [{ data: 'a:b: c', atNs: 0 }]],
    ['blank lines before', ['\n\r\n\rdata: a\n\n\n\n'], [{ data: 'a', atNs: 0 }]],
    [
      'control bytes and tab',
      ['data: a\tb\u0001\u000b\u000cc\n\n'],
      [{ data: 'a\tb\u0001\u000b\u000cc', atNs: 0 }],
    ],
    [
      'time of the first byte',
      ['data: a\n\nda', 'ta: b\n', '\ndata: c\n\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 0 },
        { data: 'c', atNs: 2 },
      ],
    ],
    [
      'CR LF CR LF split everywhere',
      ['data: a\r', '\n\r', '\ndata: b\r\n', '\r\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 2 },
      ],
    ],
    [
      'CR at the end of a read ends the message',
      ['data: a\r\r', 'data: b\n\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 1 },
      ],
    ],
    [
      'LF that belongs to the CR of the read before',
      ['data: a\n\r', '\ndata: b\n\n'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 1 },
      ],
    ],
    [
      'no blank line at the end',
      ['data: a\n\ndata: b'],
      [
        { data: 'a', atNs: 0 },
        { data: 'b', atNs: 0 },
      ],
    ],
    ['one line end at the end', ['data: b\r\n'], [{ data: 'b', atNs: 0 }]],
    [
      'byte order mark',
      ['\ufeffdata: a\n\n\ufeffdata: b\n\n'],
      [
        { data: 'a', atNs: 0 },
        {
          message: {
            event: '',
            data: undefined,
            comment: undefined,
            packets: [{ name: '\ufeffdata', value: 'b' }],
          },
          atNs: 0,
        },
      ],
    ],
    ['byte order mark on a line of its own', ['\ufeff\ndata: a\n\n'], [{ data: 'a', atNs: 0 }]],
  ])('%s', (_name, pieces, expected) => {
    expect(parse(pieces)).toEqual(expected);
  });

  it('passes over a byte order mark that is split over reads', () => {
    expect(
      parse([Buffer.from([0xef]), Buffer.from([0xbb]), Buffer.from([0xbf, 0x64]), 'ata: a\n\n']),
    ).toEqual([{ data: 'a', atNs: 0 }]);
  });

  it('hands over the bytes where they stand when the message lies in one read', () => {
    const bytes = Buffer.from('data: first\n\ndata: second\n\n');
    const ranges: unknown[] = [];
    const parser = new EventStreamParser({
      onData: (given, start, end) => ranges.push([given === bytes, start, end]),
      onMessage: () => ranges.push('message'),
    });
    parser.feed(bytes, 0, bytes.length, 0);
    // The first message of a stream too; 'data: ' is 6 bytes, 'data: first\n\n' 13.
    expect(ranges).toEqual([
      [true, 6, 11],
      [true, 19, 25],
    ]);
  });

  it('finds a line end at each offset of its eight-byte steps', () => {
    for (let length = 0; length < 40; length++) {
      for (const lineEnd of ['\n', '\r', '\r\n']) {
        const text = 'x'.repeat(length);
        const stream = `data: ${text}${lineEnd}${lineEnd}`.repeat(3);
        expect(parse([stream]).map(dataOf)).toEqual([text, text, text]);
      }
    }
  });

  it('keeps bytes that are not UTF-8 as they are', () => {
    const got: number[] = [];
    const parser = new EventStreamParser({
      onData: (bytes, start, end) => got.push(...bytes.subarray(start, end)),
      onMessage: () => {},
    });
    parser.feed(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x80, 0x0a, 0x0a]), 0, 9, 0);
    expect(got).toEqual([0xff, 0x80]);
  });
});

describe('other messages', () => {
  it.each<[string, string, StreamMessage[]]>([
    [
      'several data lines',
      'data: a\ndata:b\r\ndata\rdata: \n\n',
      [
        {
          event: '',
          data: 'a\nb\n\n',
          comment: undefined,
          packets: [
            { name: 'data', value: 'a' },
            { name: 'data', value: 'b' },
            { name: 'data', value: null },
            { name: 'data', value: '' },
          ],
        },
      ],
    ],
    [
      'fields of every sort, the last event wins',
      'event: x\nid: 1\nretry: 10\nevent: error \ndata: {}\nfoo:bar\nbaz\n\n',
      [
        {
          event: 'error',
          data: '{}',
          comment: undefined,
          packets: [
            { name: 'event', value: 'x' },
            { name: 'id', value: '1' },
            { name: 'retry', value: '10' },
            { name: 'event', value: 'error' },
            { name: 'data', value: '{}' },
            { name: 'foo', value: 'bar' },
            { name: 'baz', value: null },
          ],
        },
      ],
    ],
    [
      'comments',
      ': ping\n\n:\n:  second\n\n',
      [
        { event: '', data: undefined, comment: 'ping', packets: [{ name: 'comment', value: 'ping' }] },
        {
          event: '',
          data: undefined,
          comment: '',
          packets: [
            { name: 'comment', value: '' },
            { name: 'comment', value: 'second' },
          ],
        },
      ],
    ],
    [
      'a lone data without a colon',
      'data\n\n',
      [{ event: '', data: '', comment: undefined, packets: [{ name: 'data', value: null }] }],
    ],
    [
      'not quite data',
      'datas: a\n\n',
      [{ event: '', data: undefined, comment: undefined, packets: [{ name: 'datas', value: 'a' }] }],
    ],
    ['nothing', '\n\r\n\r\r\n', []],
  ])('%s', (_name, stream, expected) => {
    const messages = expected.map((message) => ({ message, atNs: 0 }));
    expect(parse([stream])).toEqual(messages);
    const bytes = [...Buffer.from(stream)].map((byte) => Buffer.from([byte]));
    expect(parse(bytes).map((seen) => 'message' in seen && seen.message)).toEqual(expected);
  });

  it('decodes with replacement characters, and characters that straddle reads whole', () => {
    const pieces = [Buffer.from('event: \xe2', 'latin1'), Buffer.from('\x82\xac\ndata: \xff\n\n', 'latin1')];
    expect(parse(pieces)).toEqual([
      {
        message: {
          event: '€',
          data: '\ufffd',
          comment: undefined,
          packets: [
            { name: 'event', value: '€' },
            { name: 'data', value: '\ufffd' },
          ],
        },
        atNs: 0,
      },
    ]);
  });

  it('collects a message larger than any read', () => {
    const long = 'x'.repeat(5000);
    expect(parse([`data: ${long}`, long, `${long}\n`, '\n'])).toEqual([
      { data: long + long + long, atNs: 0 },
    ]);
  });
});

/** What `eventsource-parser` makes of the pieces. */
function oracle(pieces: readonly string[]): { event: string; data: string }[] {
  const events: { event: string; data: string }[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event: event ?? '', data }) });
  for (const piece of pieces) parser.feed(piece);
  return events;
}

// eventsource-parser knows the mark only as the three bytes EF BB BF in one chunk and hands a message over only at
// its blank line, so streams start without a mark and end with blank lines. A lone CR at the end of a piece waits
// there for the next piece, which moves no message. Values of `event` carry no outer spaces, which we trim.
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const value = fc.stringMatching(/^[a-z:{}" é€😀]{0,24}$/u);
const name = fc.constantFrom('data', 'data', 'data', 'event', 'id', 'retry', 'foo', 'dat', '');
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(name, fc.constantFrom(':', ': ', ':  '), value)
      .map(([n, colon, v]) => n + colon + (n === 'event' ? v.trim() : v)),
  },
  { weight: 1, arbitrary: fc.constantFrom('data', 'event', 'id', 'foo') },
  { weight: 4, arbitrary: fc.constant('') },
);
const stream = fc
  .array(fc.tuple(line, lineEnd), { maxLength: 30 })
  .map((lines) => `${lines.flat().join('')}\n\n\n`.replace(/event: {2}/g, 'event: '));

describe('against eventsource-parser', () => {
  const ours = (seen: Seen[]) =>
    seen.flatMap((one) => {
      const data = dataOf(one);
      return data === undefined ? [] : [{ event: 'data' in one ? '' : one.message.event, data }];
    });

  it('says the same of any stream in one piece, byte by byte and cut at random', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const expected = oracle([text]);
        expect(oracle([...text])).toEqual(expected);
        expect(ours(parse([bytes]))).toEqual(expected);
        expect(ours(parse([...bytes].map((byte) => Buffer.from([byte]))))).toEqual(expected);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(ours(parse(pieces))).toEqual(expected);
      }),
      { numRuns: 1500 },
    );
  });

  it('stamps each message with the piece of its first byte', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 9 }),
        (sizes, step) => {
          const messages = sizes.map((size) => `data: ${'x'.repeat(size)}\n\n`);
          const bytes = Buffer.from(messages.join(''));
          const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) =>
            bytes.subarray(i * step, (i + 1) * step),
          );
          let first = 0;
          const expected = messages.map((message) => {
            const at = Math.floor(first / step);
            first += message.length;
            return at;
          });
          expect(parse(pieces).map((seen) => seen.atNs)).toEqual(expected);
        },
      ),
    );
  });
});
