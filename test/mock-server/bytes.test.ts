import { expect, test } from 'vitest';
import { exchange, hello, postBytes, server } from './client.js';

const head =
  'HTTP/1.1 200 OK\r\nserver: aiperf-mock\r\ncontent-type: text/event-stream; charset=utf-8\r\n' +
  'transfer-encoding: chunked\r\n\r\n';

/** What chunked transfer makes of the events. */
function chunked(events: readonly string[]): string {
  const frames = events.map((event) => `${(event.length + 2).toString(16)}\r\n${event}\n\n\r\n`);
  return `${frames.join('')}0\r\n\r\n`;
}

/** The whole answer to a request, its time of creation, and its words. */
async function stream(port: number, path: string, body: object) {
  const text = await exchange(port, postBytes(path, { ...body, stream: true }), '0\r\n\r\n');
  const created = /"created":(\d+)/.exec(text)?.[1] ?? '';
  const words = [...text.matchAll(/"(?:content|text)":"( ?\w+)"/g)].map((match) => match[1] ?? '');
  return { text, created, words };
}

test('a chat stream is written as vLLM does: role chunk, tokens, usage without choices, [DONE]', async () => {
  const { port } = await server();
  const body = { ...hello, max_completion_tokens: 3, stream_options: { include_usage: true } };
  const { text, created, words } = await stream(port, '/v1/chat/completions', body);

  const chunk = (rest: string) =>
    `data: {"id":"chatcmpl-0000000000000001","object":"chat.completion.chunk","created":${created},"model":"tiny",${rest}}`;
  expect(words).toEqual(['The', expect.stringMatching(/^ [a-z]+$/), expect.stringMatching(/^ [a-z]+$/)]);
  expect(text).toBe(
    head +
      chunked([
        chunk(
          '"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null,"prompt_text":null',
        ),
        chunk(
          '"choices":[{"index":0,"delta":{"content":"The"},"logprobs":null,"finish_reason":null,"token_ids":null}]',
        ),
        chunk(
          `"choices":[{"index":0,"delta":{"content":"${words[1]}"},"logprobs":null,"finish_reason":null,"token_ids":null}]`,
        ),
        chunk(
          `"choices":[{"index":0,"delta":{"content":"${words[2]}"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]`,
        ),
        // 11 bytes of prompt are 2.75, so 3 tokens; 3 + 3 = 6.
        chunk(
          '"choices":[],"usage":{"prompt_tokens":3,"total_tokens":6,"completion_tokens":3},"system_fingerprint":"aiperf-mock"',
        ),
        'data: [DONE]',
      ]),
  );
});

test('a completions stream has no role chunk, and no usage that was not asked for', async () => {
  const { port } = await server();
  const body = { model: 'tiny', prompt: 'Once upon', max_tokens: 2 };
  const { text, created, words } = await stream(port, '/v1/completions', body);

  const chunk = (rest: string) =>
    `data: {"id":"cmpl-0000000000000001","object":"text_completion","created":${created},"model":"tiny","choices":[{"index":0,${rest}}`;
  expect(text).toBe(
    head +
      chunked([
        chunk(
          '"text":"The","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]',
        ),
        chunk(
          `"text":"${words[1]}","logprobs":null,"finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"system_fingerprint":"aiperf-mock"`,
        ),
        'data: [DONE]',
      ]),
  );
});

test('the plain dialect says no role, and the finish reason in a chunk of its own', async () => {
  const { port } = await server({ dialect: 'plain', usage: 'always' });
  const { text, created } = await stream(port, '/v1/chat/completions', { ...hello, max_tokens: 1 });

  const chunk = (rest: string) =>
    `data: {"id":"chatcmpl-0000000000000001","object":"chat.completion.chunk","created":${created},"model":"tiny",${rest}}`;
  const events = [
    chunk('"choices":[{"index":0,"delta":{"content":"The"},"finish_reason":null}]'),
    chunk('"choices":[{"index":0,"delta":{},"finish_reason":"length"}]'),
    chunk('"choices":[],"usage":{"prompt_tokens":3,"total_tokens":4,"completion_tokens":1}'),
    'data: [DONE]',
  ];
  expect(text).toBe(head + chunked(events));
});

test('a whole answer, and a model whose name is not ASCII', async () => {
  const { port } = await server({ dialect: 'plain' });
  const body = '{"model":"b\\u00e4r","messages":[{"role":"user","content":"a"}],"max_tokens":1}';
  const request = `POST /v1/chat/completions HTTP/1.1\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  const text = await exchange(port, request, 'never');
  const created = /"created":(\d+)/.exec(text)?.[1];
  const json =
    `{"id":"chatcmpl-0000000000000001","object":"chat.completion","created":${created},"model":"b\\u00e4r",` +
    '"choices":[{"index":0,"message":{"role":"assistant","content":"The"},"logprobs":null,"finish_reason":"length"}],' +
    '"usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}}';
  expect(text).toBe(
    'HTTP/1.1 200 OK\r\nserver: aiperf-mock\r\nconnection: close\r\ncontent-type: application/json\r\n' +
      `content-length: ${json.length}\r\n\r\n${json}`,
  );
});

test('two requests on one connection, sent at once, are answered in order', async () => {
  const { port } = await server({ dialect: 'plain' });
  const request = postBytes('/v1/chat/completions', { ...hello, max_tokens: 1 });
  const text = await exchange(
    port,
    request + request.replace(/^POST .* HTTP/, 'GET /health HTTP'),
    'length: 0\r\n\r\n',
  );
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(text.indexOf('chatcmpl-0000000000000001')).toBeLessThan(text.indexOf('content-length: 0'));
});
