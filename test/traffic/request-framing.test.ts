import { describe, expect, it } from 'vitest';
import {
  MalformedRequest,
  RequestFraming,
  type RequestHead,
} from '../../src/traffic/proxy/request-framing.js';

interface Seen {
  readonly heads: RequestHead[];
  readonly bodies: string[];
  readonly forwarded: string;
}

/** Feeds a text in pieces of `size` bytes. */
function framed(text: string, size: number, pathPrefix = ''): Seen {
  const heads: RequestHead[] = [];
  const bodies: string[] = [];
  let [body, forwarded] = ['', ''];
  const framing = new RequestFraming(
    {
      onHead: (head) => heads.push(head),
      onBody: (bytes, start, end) => {
        body += bytes.toString('latin1', start, end);
      },
      onEnd: () => {
        bodies.push(body);
        body = '';
      },
      forward: (bytes) => {
        forwarded += bytes.toString('latin1');
      },
    },
    { host: 'server.test:1', pathPrefix },
  );
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) framing.feed(bytes.subarray(at, at + size));
  return { heads, bodies, forwarded };
}

const post =
  'POST /v1/x?key=1 HTTP/1.1\r\nhost: localhost:8080\r\nX-A:  b\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}';
const chunked =
  'POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n';
const get = 'GET / HTTP/1.0\r\n\r\n';

describe.each([1, 2, 7, 1000])('requests in pieces of %i bytes', (size) => {
  it('are forwarded with another host, and nothing else changed', () => {
    const { heads, bodies, forwarded } = framed(post + chunked + get, size);
    expect(forwarded).toBe(
      post.replace('localhost:8080', 'server.test:1') +
        chunked.replace('Host: a', 'Host: server.test:1') +
        'GET / HTTP/1.0\r\nHost: server.test:1\r\n\r\n',
    );
    expect(bodies).toEqual(['{"a":1}', 'abc0123456789', '']);
    expect(heads).toEqual([
      { method: 'POST', target: '/v1/x?key=1', contentType: 'application/json', contentEncoding: '' },
      { method: 'POST', target: '/y', contentType: '', contentEncoding: 'gzip' },
      { method: 'GET', target: '/', contentType: '', contentEncoding: '' },
    ]);
  });

  it('have the path of the server in front of theirs', () => {
    expect(framed(get, size, '/base').forwarded).toMatch(/^GET \/base\/ HTTP/);
  });

  it('are refused before any byte of theirs is forwarded', () => {
    for (const bad of [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'hello\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
    ])
      expect(() => framed(bad, size)).toThrow(MalformedRequest);
  });
});
