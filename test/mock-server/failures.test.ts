import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { answer, exchange, hello, post, postBytes, server } from './client.js';

const contextError = (message: string, value: number) => ({
  error: {
    message: `This model's maximum context length is 10 tokens. However, ${message} (parameter=input_tokens, value=${value})`,
    type: 'BadRequestError',
    param: 'input_tokens',
    code: 400,
  },
});

test('what is longer than the context is refused in the words of vLLM', async () => {
  const { port } = await server({ contextLimit: 10 });
  const ask = async (promptTokens: number, max_tokens: number) => {
    const prompt = 'x'.repeat(4 * promptTokens);
    const { status, json } = await answer(port, { prompt, max_tokens }, '/v1/completions');
    return [status, status === 200 ? json.usage.total_tokens : json];
  };
  expect(await ask(6, 4)).toEqual([200, 10]);
  // 5 answer tokens leave room for 5; vLLM stops reading at the sixth.
  expect(await ask(6, 5)).toEqual([
    400,
    contextError(
      'you requested 5 output tokens and your prompt contains at least 6 input tokens, for a total of at least 11 ' +
        'tokens. Please reduce the length of the input prompt or the number of requested output tokens.',
      6,
    ),
  ]);
  expect(await ask(40, 1)).toEqual([
    400,
    contextError(
      'your prompt contains at least 11 input tokens, which exceeds this limit even without any output tokens. ' +
        'Please reduce the length of the input prompt.',
      11,
    ),
  ]);
});

test.each([
  ['no JSON', '{bad', 400, 'BadRequestError', null],
  ['no object', '[]', 400, 'BadRequestError', null],
  ['no messages', '{"model":"tiny"}', 400, 'BadRequestError', 'messages'],
  ['no messages in the list', '{"messages":[]}', 400, 'BadRequestError', 'messages'],
  ['nothing to generate', JSON.stringify({ ...hello, max_tokens: 0 }), 400, 'BadRequestError', 'max_tokens'],
  [
    'a minimum above the cap',
    JSON.stringify({ ...hello, max_tokens: 2, min_tokens: 3 }),
    400,
    'BadRequestError',
    'min_tokens',
  ],
])('%s is refused', async (_, body, status, type, param) => {
  const { port } = await server();
  const response = await post(port, '/v1/chat/completions', body);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({
    error: { message: expect.any(String), type, param, code: status },
  });
});

test('an unknown model, only where the server is strict', async () => {
  const strict = await server({ strictModel: true });
  const { status, body } = await answer(strict.port, { model: 'nope' });
  expect([status, body]).toEqual([
    404,
    '{"error":{"message":"The model `nope` does not exist. Valid aliases: tiny.","type":"NotFoundError","param":"model","code":404}}',
  ]);
  const lenient = await server();
  expect((await answer(lenient.port, { model: 'nope', max_tokens: 1 })).json.model).toBe('nope');
});

test('unknown paths, wrong methods, and what is no HTTP', async () => {
  const { port } = await server();
  const get = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`);
  expect([get.status, await get.text()]).toEqual([405, '{"detail":"Method Not Allowed"}']);
  const unknown = await post(port, '/v2/chat', hello);
  expect([unknown.status, await unknown.text()]).toEqual([404, '{"detail":"Not Found"}']);
  expect(await exchange(port, 'nonsense\r\n\r\n', 'never')).toMatch(
    /^HTTP\/1.1 400 Bad Request\r\n.*connection: close\r\n.*BadRequestError/s,
  );
});

test('every N-th request is refused with the status asked for', async () => {
  const { port } = await server({ fail: 3, failStatus: 503 });
  const statuses: number[] = [];
  for (let request = 0; request < 7; request++) statuses.push((await answer(port, { max_tokens: 1 })).status);
  expect(statuses).toEqual([200, 200, 503, 200, 200, 503, 200]);
});

test('a share of requests is refused, the same ones under the same seed', async () => {
  const refused = async (seed: number) => {
    const { port } = await server({ failRate: 0.25, seed });
    const numbers: number[] = [];
    for (let request = 1; request <= 200; request++) {
      if ((await answer(port, { max_tokens: 1 })).status === 400) numbers.push(request);
    }
    return numbers;
  };
  const [first, again, other] = [await refused(1), await refused(1), await refused(2)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  // 200 draws: 50 expected, with a deviation of 6.1.
  expect(Math.abs(first.length - 50)).toBeLessThan(25);
});

test('every N-th request breaks half-way when it streams', async () => {
  const { port } = await server({ midfail: 2, itlMs: 1 });
  const tokens: number[] = [];
  const ends: boolean[] = [];
  for (let request = 0; request < 4; request++) {
    const bytes = postBytes('/v1/chat/completions', { ...hello, stream: true, max_tokens: 7 });
    const text = await exchange(port, bytes, '0\r\n\r\n');
    tokens.push(text.match(/"content":" ?\w/g)?.length ?? 0);
    ends.push(text.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n'));
  }
  // Half of 7 is 3.5, cut to 3.
  expect(tokens).toEqual([7, 3, 7, 3]);
  expect(ends).toEqual([true, false, true, false]);
  // The fifth and sixth: the sixth does not stream and is answered.
  expect((await answer(port, { max_tokens: 1 })).status).toBe(200);
  expect((await answer(port, { max_tokens: 1 })).status).toBe(200);
});

test('the end of the server breaks what is open', async () => {
  const { port, close } = await server({ itlMs: 60_000 });
  const stream = exchange(port, postBytes('/v1/chat/completions', { ...hello, stream: true }), 'never');
  await new Promise<void>((resolve) => {
    const idle = connect(port, '127.0.0.1', () => resolve());
    idle.on('error', () => {});
  });
  await close();
  await stream.catch(() => {});
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
});

test('while the model loads every request gets a 503', async () => {
  const { port } = await server({ loadMs: 3_600_000 });
  expect((await answer(port, {})).status).toBe(503);
  expect((await fetch(`http://127.0.0.1:${port}/v1/models`)).status).toBe(503);
});
