import { expect, test } from 'vitest';
import { BadRequest, type IncomingRequest, RequestReader } from '../../src/mock-server/request-reader.js';

const fixed = 'POST /v1/completions?a=b HTTP/1.1\r\nX-Request-ID:  r1 \r\ncontent-length: 5\r\n\r\nhello';
const chunked =
  'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\nB\r\n\r\n\r\n world!\r\n0\r\nTrailer: t\r\n\r\n';
const bare = 'GET / HTTP/1.0\r\n\r\n';

function readAll(pieces: readonly string[]): [IncomingRequest[], expected: number] {
  let expected = 0;
  const reader = new RequestReader(() => expected++);
  const requests: IncomingRequest[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let next = reader.next(); next !== undefined; next = reader.next()) requests.push(next);
  }
  return [requests, expected];
}

test('requests in a row come out the same wherever their bytes are cut', () => {
  const all = fixed + chunked + bare + fixed;
  for (let cut = 0; cut <= all.length; cut++) {
    const [requests] = readAll([all.slice(0, cut), all.slice(cut)]);
    expect(
      requests.map(({ method, path, body, keepAlive }) => [method, path, body.toString(), keepAlive]),
    ).toEqual([
      ['POST', '/v1/completions', 'hello', true],
      ['POST', '/x', 'hello\r\n\r\n world!', true],
      ['GET', '/', '', false],
      ['POST', '/v1/completions', 'hello', true],
    ]);
    expect(requests[0]?.headers.get('x-request-id')).toBe('r1');
  }
  const [single] = readAll([...all]);
  expect(single).toHaveLength(4);
});

test('whether the connection stays open', () => {
  const keeps = (text: string) => readAll([text])[0][0]?.keepAlive;
  expect(keeps('GET / HTTP/1.1\r\nConnection: Close\r\n\r\n')).toBe(false);
  expect(keeps('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')).toBe(true);
});

test('a client that waits for leave gets it once, before its body', () => {
  const [head = '', body = ''] = [
    'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    'ab',
  ];
  expect(readAll([head])).toEqual([[], 1]);
  expect(readAll([head, body])[1]).toBe(1);
  expect(readAll([head, body])[0]).toHaveLength(1);
});

test.each([
  'nonsense\r\n\r\n',
  'GET / HTTP/2\r\n\r\n',
  'GET / HTTP/1.1\r\nno colon\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  `GET / HTTP/1.1\r\nA: ${'a'.repeat(70_000)}`,
])('%j is refused', (text) => {
  expect(() => readAll([text])).toThrow(BadRequest);
});
