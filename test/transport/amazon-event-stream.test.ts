import { describe, expect, it } from 'vitest';
import { AmazonEventStreamParser } from '../../src/transport/amazon-event-stream.js';
import { amazonMessage } from './amazon-message.js';

/** Everything that a parser passes on: payloads joined, and exceptions. */
function parsed(reads: readonly Buffer[]) {
  let payload = '';
  const timesNs: number[] = [];
  const exceptions: [string, string][] = [];
  const parser = new AmazonEventStreamParser({
    onPayload(bytes, start, end, atNs) {
      payload += bytes.toString('latin1', start, end);
      timesNs.push(atNs);
    },
    onException: (type, text) => exceptions.push([type, text]),
  });
  for (const [place, bytes] of reads.entries()) parser.feed(bytes, 0, bytes.length, place);
  parser.end();
  return { payload, timesNs, exceptions };
}

const part = (text: string) =>
  amazonMessage({ ':message-type': 'event', ':event-type': 'PayloadPart' }, text);

// From the test vectors of the format: an unnamed event with one header.
const published =
  '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1';

describe('an Amazon event stream', () => {
  it('is written in the test as the format publishes it', () => {
    expect(amazonMessage({ 'content-type': 'application/json' }, "{'foo':'bar'}").toString('hex')).toBe(
      published,
    );
  });

  it('is read alike wherever it is cut', () => {
    const stream = Buffer.concat([
      part('data: one\n'),
      amazonMessage({ ':message-type': 'event', ':event-type': 'initial-response' }, '{}'),
      part('\n'),
      part(''),
      Buffer.from(published, 'hex'),
      amazonMessage({}, ''),
      part('data: two\n\n'),
      amazonMessage(
        { ':message-type': 'exception', ':exception-type': 'ModelStreamError' },
        '{"Message":"é"}',
      ),
    ]);
    const whole = {
      payload: 'data: one\n\ndata: two\n\n',
      exceptions: [['ModelStreamError', '{"Message":"é"}']],
    };
    expect(parsed([stream])).toEqual({ ...whole, timesNs: [0, 0, 0] });
    for (let cut = 1; cut < stream.length; cut++) {
      expect(parsed([stream.subarray(0, cut), stream.subarray(cut)])).toMatchObject(whole);
    }
    expect(parsed(Array.from(stream, (byte) => Buffer.of(byte)))).toMatchObject(whole);
  });

  it('passes payloads on with the time of their read, before their message is complete', () => {
    const stream = part('abcdef');
    const inPayload = stream.length - 4 - 3;
    const { payload, timesNs } = parsed([stream.subarray(0, inPayload), stream.subarray(inPayload)]);
    expect([payload, timesNs]).toEqual(['abcdef', [0, 1]]);
  });

  it('skips headers of every type', () => {
    const types = [0, 1, [2, 9], [3, 9, 9], [4, 9, 9, 9, 9], [5, ...Array(8)], [6, 0, 2, 9, 9]];
    const more = [
      [8, ...Array(8)],
      [9, ...Array(16)],
    ];
    const raw = [...types, ...more].map((value) => Buffer.from([1, 0x61, value].flat()));
    const headers = { ':message-type': 'event', ':event-type': 'PayloadPart' };
    expect(parsed([amazonMessage(headers, 'x', Buffer.concat(raw))]).payload).toBe('x');
  });

  it('reports errors without a payload', () => {
    const headers = { ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'broke' };
    expect(parsed([amazonMessage(headers, '')]).exceptions).toEqual([['InternalError', 'broke']]);
  });

  it('is refused where any byte is wrong, and where its end is missing', () => {
    const stream = part('abc');
    for (let at = 0; at < stream.length; at++) {
      const broken = Buffer.from(stream);
      broken[at] = (broken[at] ?? 0) ^ 0x40;
      expect(() => parsed([broken])).toThrow(/checksum|cut off|malformed/);
    }
    for (let length = 1; length < stream.length; length++) {
      expect(() => parsed([stream.subarray(0, length)])).toThrow('its last message is cut off');
    }
    expect(() => parsed([amazonMessage({}, '', Buffer.from([5, 0x61]))])).toThrow(
      'headers of a message are malformed',
    );
  });
});
