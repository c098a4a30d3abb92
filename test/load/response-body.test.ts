import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/endpoint/answer.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { ResponseBody } from '../../src/load/response-body.js';
import { chatEvent } from '../e2e/scripted-server.js';
import { amazonMessage } from '../transport/amazon-message.js';

const a = chatEvent({ content: 'a' });
const b = chatEvent({ content: 'b' }, 'stop');

/** Feeds reads that came at 10, 20, 30 … ns. */
function read(headers: Readonly<Record<string, string>>, reads: readonly (string | Buffer)[], status = 200) {
  const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
  const head = { status, reason: '', header: (name: string) => headers[name], headers: () => [] };
  const body = new ResponseBody(head, answer, 10_000);
  for (const [i, text] of reads.entries()) {
    const bytes = Buffer.from(text);
    body.feed(bytes, 0, bytes.length, 10 * (i + 1));
  }
  const text = body.end(1000);
  return { text, answer, timesNs: [...answer.contentNs], output: answer.output, error: answer.error };
}

describe('ResponseBody', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, readonly string[], readonly number[]]>([
    ['an event stream', { 'content-type': 'text/event-stream' }, [a, b], [10, 20]],
    ['one called JSON', { 'content-type': 'application/json' }, [a, b], [10, 20]],
    ['one called plain text', { 'content-type': 'text/plain' }, [a, b], [10, 20]],
    ['one without a content type', {}, [a, b], [10, 20]],
    [
      'one that comes byte by byte at first',
      {},
      ['d', 'a', 't', `${a.slice(3)}${b.slice(0, 9)}`, b.slice(9)],
      [10, 40],
    ],
    ['one behind empty lines', {}, ['\r\n', '\n', a, b], [30, 40]],
    ['one called gzip', { 'content-encoding': 'gzip' }, [a, b], [10, 20]],
    [
      'one behind a lot of white space',
      { 'content-type': 'text/event-stream' },
      ['\n'.repeat(600), a, b],
      [20, 30],
    ],
    ['one behind a byte order mark', {}, [`\ufeff${a}`, b], [10, 20]],
    ['one behind a comment', {}, [': hello\n\n', a, b], [20, 30]],
    ['one that begins with an event', {}, ['event: message\n', a, b], [10, 30]],
  ])('stamps the events of %s', (_, headers, reads, timesNs) => {
    const result = read(headers, reads);
    expect(result.error).toBeUndefined();
    expect(result.timesNs).toEqual(timesNs);
    expect(result.output).toBe('ab');
  });

  it.each([
    ['{"choices":[{"message":{"content":"ab"}}]}'],
    [' \n{"choices":[{"message":{"content":"ab"}}]}'],
    ['\uFEFF{"choices":[{"message":{"content":"ab"}}]}'],
  ])('reads a whole body whatever the head calls it', (text) => {
    for (const type of ['application/json', 'text/event-stream', '']) {
      const result = read({ 'content-type': type }, [text.slice(0, 3), text.slice(3)]);
      expect(result.error).toBeUndefined();
      expect(result.timesNs).toEqual([1000]);
      expect(result.output).toBe('ab');
    }
  });

  it('gives back the text of a response that is no success, decoded', () => {
    expect(read({}, ['data: x'], 500).text).toBe('data: x');
    expect(read({ 'content-encoding': 'gzip' }, [gzipSync('boom')], 500).text).toBe('boom');
    // Cut short.
    const cut = gzipSync('boom '.repeat(100)).subarray(0, -8);
    expect(read({}, [cut], 500).text).toBe('boom '.repeat(100));
  });

  it('has nothing to say about an empty body', () => {
    expect(read({}, []).error?.message).toContain('No responses were received');
    expect(read({}, [], 500).text).toBe('');
  });

  it('takes white space for a body, and no more of it than a message may have', () => {
    expect(read({}, [' \n ']).error?.message).toContain('is neither JSON nor an event stream');
    expect(() => read({}, new Array(11).fill(' '.repeat(1000)))).toThrow('AIPERF_HTTP_MAX_MESSAGE_BYTES');
  });
});

describe("Amazon's framing", () => {
  const type = { 'content-type': 'application/vnd.amazon.eventstream' };
  const part = (text: string) =>
    amazonMessage({ ':message-type': 'event', ':event-type': 'PayloadPart' }, text);
  const exception = (name: string, payload: string) =>
    amazonMessage({ ':message-type': 'exception', ':exception-type': name }, payload);

  it('holds the event stream of the model, cut anywhere', () => {
    const framed = Buffer.concat([part(a.slice(0, 9)), part(`${a.slice(9)}${b}`), part('data: [DONE]\n\n')]);
    for (let cut = 1; cut < framed.length; cut++) {
      const { output, error, timesNs } = read(type, [framed.subarray(0, cut), framed.subarray(cut)]);
      expect([output, error]).toEqual(['ab', undefined]);
      expect(timesNs).toHaveLength(2);
    }
    const [first, second] = [part(a), part(b)];
    expect(read(type, [first, second]).timesNs).toEqual([10, 20]);
  });

  it('holds a whole body, of the type that SageMaker names', () => {
    const head = { ...type, 'x-amzn-sagemaker-content-type': 'application/json' };
    const json = '{"choices":[{"message":{"content":"ab"}}]}';
    const { output, error } = read(head, [part(json.slice(0, 20)), part(json.slice(20))]);
    expect([output, error]).toEqual(['ab', undefined]);
  });

  it('reports a failure of the model, also behind text', () => {
    const message = '{"Message":"The model is gone","ErrorCode":"StreamBroken"}';
    expect(read(type, [part(a), exception('ModelStreamError', message)]).error).toEqual({
      code: 502,
      type: 'ModelStreamError',
      message: 'The model is gone',
    });
    expect(read(type, [exception('InternalStreamFailure', '')]).error).toMatchObject({
      type: 'InternalStreamFailure',
      message: 'The server reports an error without a message',
    });
  });

  it('fails where it is cut off or broken', () => {
    expect(() => read(type, [part(a), part(b).subarray(0, 30)])).toThrow('its last message is cut off');
    const broken = part(a);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect(() => read(type, [broken])).toThrow('the checksum of a message does not match');
  });

  it('is not looked for in an error', () => {
    expect(read(type, ['no such endpoint'], 404).text).toBe('no such endpoint');
  });
});
