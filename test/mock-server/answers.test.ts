import { expect, test } from 'vitest';
import type { MockServerSettings } from '../../src/mock-server/settings.js';
import type { JsonObject } from '../../src/util/json.js';
import { qwen3 } from '../dataset/tokenizers.js';
import { answer, events, post, server } from './client.js';

test.each<[string, Partial<MockServerSettings>, JsonObject, number, string]>([
  ['the cap of the request', {}, { max_tokens: 7 }, 7, 'length'],
  ['max_completion_tokens before max_tokens', {}, { max_completion_tokens: 5, max_tokens: 7 }, 5, 'length'],
  ['128 without a cap', {}, {}, 128, 'stop'],
  ['128 without a cap, ignore_eos', {}, { ignore_eos: true }, 128, 'length'],
  ['a model that stops before the cap', { outputTokens: 6 }, { max_tokens: 20 }, 6, 'stop'],
  ['a model that would stop after the cap', { outputTokens: 30 }, { max_tokens: 20 }, 20, 'length'],
  ['ignore_eos', { outputTokens: 6 }, { max_tokens: 20, ignore_eos: true }, 20, 'length'],
  ['min_tokens', { outputTokens: 6 }, { max_tokens: 20, min_tokens: 9 }, 9, 'stop'],
  // 3 prompt tokens leave 97 of 100.
  ['what the context has room for', { contextLimit: 100 }, {}, 97, 'length'],
])('length of an answer: %s', async (_, settings, asked, tokens, reason) => {
  const { port } = await server(settings);
  const { json } = await answer(port, asked);
  expect(json.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 + tokens, completion_tokens: tokens });
  expect(json.choices[0].finish_reason).toBe(reason);
  expect(json.choices[0].message.content.split(' ')).toHaveLength(tokens);
});

test('lengths around a mean', async () => {
  const { port } = await server({ outputTokens: 200, outputStddev: 20 });
  const prompts = Array.from({ length: 100 }, (_, index) => ({
    messages: [{ role: 'user', content: `${index}` }],
  }));
  const answers = await Promise.all(prompts.map((prompt) => answer(port, prompt)));
  const lengths = answers.map(({ json }) => Number(json.usage.completion_tokens));
  const mean = lengths.reduce((sum, length) => sum + length, 0) / 100;
  const stddev = Math.sqrt(lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / 99);
  // The mean of 100 draws has a standard error of 2, their standard deviation one of 1.4.
  expect(Math.abs(mean - 200)).toBeLessThan(8);
  expect(Math.abs(stddev - 20)).toBeLessThan(6);
});

test('prompt tokens are what a given counter says', async () => {
  const { port } = await server({ countTokens: (text) => text.split(' ').length });
  // "hello there" is two words.
  expect((await answer(port, { max_tokens: 1 })).json.usage.prompt_tokens).toBe(2);
});

test('prompt tokens are bytes of text over bytes per token, token ids are counted', async () => {
  const { port } = await server({ bytesPerToken: 2.5 });
  const tokens = async (asked: JsonObject, path?: string) => {
    const { json } = await answer(port, { max_tokens: 1, ...asked }, path);
    return json.usage.prompt_tokens;
  };
  // "hello there" has 11 bytes: 4.4, so 5.
  expect(await tokens({})).toBe(5);
  // "äöü" (6 bytes), a line end, "ab" in parts joined by a line end (3): 10 bytes, 4 tokens.
  const parts = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ];
  expect(
    await tokens({
      messages: [
        { role: 'system', content: 'äöü' },
        { role: 'user', content: parts },
      ],
    }),
  ).toBe(4);
  expect(await tokens({ prompt: '12345678901' }, '/v1/completions')).toBe(5);
  expect(await tokens({ prompt: ['12345', '67890'] }, '/v1/completions')).toBe(5);
  expect(await tokens({ prompt: [11, 12, 13, 14, 15, 16, 17] }, '/v1/completions')).toBe(7);
});

test.each<[MockServerSettings['usage'], JsonObject, boolean]>([
  ['on-request', {}, false],
  ['on-request', { stream_options: { include_usage: true } }, true],
  ['always', {}, true],
  ['never', { stream_options: { include_usage: true } }, false],
])('usage %s of a stream that asks %j: %s', async (usage, asked, reported) => {
  const { port } = await server({ usage });
  const chunks = await events(port, { max_tokens: 2, ...asked });
  const expected = { prompt_tokens: 3, total_tokens: 5, completion_tokens: 2 };
  expect(chunks.filter((chunk) => chunk.usage !== undefined)).toEqual(
    reported ? [expect.objectContaining({ choices: [], usage: expected })] : [],
  );
});

test('every chunk reports the usage so far if that is asked for', async () => {
  const { port } = await server({ tokensPerChunk: 2 });
  const asked = { include_usage: true, continuous_usage_stats: true };
  const chunks = await events(port, { max_tokens: 5, stream_options: asked });
  const tokens = chunks.map((chunk) => (chunk.usage as JsonObject | undefined)?.completion_tokens);
  // The role chunk and the last chunk report none; the chunk after it does.
  expect(tokens).toEqual([undefined, 2, 4, undefined, 5]);
});

test('reasoning comes first, and a chunk has tokens of one sort', async () => {
  const { port } = await server({ reasoningTokens: 3, tokensPerChunk: 2, usage: 'always' });
  const chunks = await events(port, { max_tokens: 8 });
  const deltas = chunks.flatMap((chunk) => (chunk.choices[0] === undefined ? [] : [chunk.choices[0].delta]));
  const words = (text: unknown) =>
    typeof text === 'string' ? text.split(' ').filter((word) => word !== '').length : 0;
  // 3 tokens of reasoning in twos: 2, 1; then 5 of content: 2, 2, 1. In front the role chunk.
  const counts = deltas.map((delta) => [words(delta.reasoning_content), words(delta.content)]);
  expect(counts).toEqual([
    [0, 0],
    [2, 0],
    [1, 0],
    [0, 2],
    [0, 2],
    [0, 1],
  ]);
  expect(chunks.at(-1)?.usage).toEqual({
    prompt_tokens: 3,
    total_tokens: 11,
    completion_tokens: 8,
    completion_tokens_details: { reasoning_tokens: 3 },
  });

  const { json } = await answer(port, { max_tokens: 8 });
  const { content, reasoning_content: reasoning } = json.choices[0].message;
  expect([words(reasoning), words(content)]).toEqual([3, 5]);
});

test('a client that counts with the tokenizer of Qwen3 counts what the server sent', async () => {
  const tokenizer = qwen3();
  for (const seed of [1, 2]) {
    const { port } = await server({ seed, reasoningTokens: 1500 });
    // 4,096 words are drawn for a seed; both texts together see all of them.
    const { json } = await answer(port, { max_tokens: 6000 });
    const { content, reasoning_content: reasoning } = json.choices[0].message;
    expect([tokenizer.count(reasoning), tokenizer.count(content)]).toEqual([1500, 4500]);
  }
});

test('the same seed and request give the same text, whatever came before', async () => {
  const texts = async (seed: number, ...prompts: string[]) => {
    const { port } = await server({ seed });
    const said = new Map<string, string>();
    for (const prompt of prompts) {
      const { json } = await answer(port, { max_tokens: 20, messages: [{ role: 'user', content: prompt }] });
      said.set(prompt, json.choices[0].message.content);
    }
    return said;
  };
  const [first, again, other] = [
    await texts(1, 'a', 'b'),
    await texts(1, 'b', 'c', 'a'),
    await texts(2, 'a'),
  ];
  expect(again.get('a')).toBe(first.get('a'));
  expect(again.get('b')).toBe(first.get('b'));
  expect(first.get('b')).not.toBe(first.get('a'));
  expect(other.get('a')).not.toBe(first.get('a'));
});

test('a cached prefix is reported in whole blocks', async () => {
  const { port } = await server({ prefixCache: true });
  // 512 tokens are 2,048 bytes; this prompt has 1,200 tokens, 2 whole blocks.
  const prompt = 'x'.repeat(2048) + 'y'.repeat(2752);
  const ask = async (text: string) =>
    (await answer(port, { prompt: text, max_tokens: 1 }, '/v1/completions')).json.usage;
  const usage = (prompt_tokens: number, cached_tokens: number) => ({
    prompt_tokens,
    total_tokens: prompt_tokens + 1,
    completion_tokens: 1,
    prompt_tokens_details: { cached_tokens },
  });
  expect(await ask(prompt)).toEqual(usage(1200, 0));
  expect(await ask(prompt)).toEqual(usage(1200, 1024));
  expect(await ask(`${'x'.repeat(2048)}other`)).toEqual(usage(514, 512));
});

test('models, health and metrics', async () => {
  const { port } = await server({ contextLimit: 4096 });
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const entry = {
    id: 'tiny',
    object: 'model',
    created: expect.any(Number),
    owned_by: 'aiperf',
    root: 'tiny',
  };
  expect(JSON.parse(await get('/v1/models'))).toEqual({
    object: 'list',
    data: [{ ...entry, parent: null, max_model_len: 4096 }],
  });
  expect(await get('/health')).toBe('');

  await answer(port, { max_tokens: 5 });
  await answer(port, {});
  const page = await get('/metrics');
  // Two requests of 3 prompt tokens; 5 + 128 tokens came back.
  for (const line of [
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="tiny"} 0.0',
    'vllm:num_requests_waiting{engine="0",model_name="tiny"} 0.0',
    'vllm:prompt_tokens_total{engine="0",model_name="tiny"} 6.0',
    'vllm:generation_tokens_total{engine="0",model_name="tiny"} 133.0',
    'vllm:request_success_total{engine="0",finished_reason="stop",model_name="tiny"} 1.0',
    'vllm:request_success_total{engine="0",finished_reason="length",model_name="tiny"} 1.0',
    '# TYPE vllm:time_to_first_token_seconds histogram',
    'vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="tiny"} 2.0',
    'vllm:e2e_request_latency_seconds_count{engine="0",model_name="tiny"} 2.0',
  ]) {
    expect(page.split('\n')).toContain(line);
  }
});

test('an ordinary client reads a stream', async () => {
  const { port } = await server({ ttftMs: 5, itlMs: 1 });
  const response = await post(port, '/v1/chat/completions', {
    model: 'tiny',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    max_tokens: 10,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const lines = (await response.text()).split('\n\n');
  // The role chunk, ten tokens, [DONE], and what follows the last blank line.
  expect(lines).toHaveLength(13);
  expect(lines.slice(-2)).toEqual(['data: [DONE]', '']);
});
