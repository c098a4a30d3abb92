import { expect, test } from 'vitest';
import { PrefixCache } from '../../src/mock-server/prefix-cache.js';
import { Slots } from '../../src/mock-server/slots.js';
import { answer, post, server } from './client.js';

test('a prefix counts in whole blocks, from the start, and never up to the last token', () => {
  // Half a byte a token: a block of 512 tokens is 256 bytes.
  const cache = new PrefixCache(0.5);
  const [a, b, c] = ['a'.repeat(256), 'b'.repeat(256), 'c'.repeat(256)];
  const hits = (prompt: string) => cache.take(prompt) / 512;
  expect(hits(`${a}${b}${c}.`)).toBe(0);
  expect(hits(`${a}${b}${c}.`)).toBe(3);
  // The last block ends with the last token, which is worked out anew.
  expect(hits(a + b + c)).toBe(2);
  expect(hits(`${a}${b}${a}.`)).toBe(2);
  expect(hits(`${a}${b}${a}.`)).toBe(3);
  // The same block behind another one is another block.
  expect(hits(`${c}${b}${c}.`)).toBe(0);
  expect(hits(`${a}${c}.`)).toBe(1);
  expect(hits('short')).toBe(0);
});

test('slots are given in order of arrival, and a place in the queue may be given up', () => {
  const slots = new Slots(2);
  const started: string[] = [];
  const runner = (name: string) => ({ canStart: () => true, start: () => started.push(name) });
  const all = ['a', 'b', 'c', 'd', 'e'].map(runner);
  const [a, b, c, d] = all;
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error('unreachable');
  for (const each of all) slots.enter(each);
  expect([started.join(''), slots.running.size, slots.waiting]).toEqual(['ab', 2, 3]);
  slots.leave(c);
  expect([started.join(''), slots.running.size, slots.waiting]).toEqual(['ab', 2, 2]);
  slots.leave(b);
  expect([started.join(''), slots.running.size, slots.waiting]).toEqual(['abd', 2, 1]);
  slots.leave(a);
  slots.leave(d);
  expect([started.join(''), slots.running.size, slots.waiting]).toEqual(['abde', 1, 0]);
});

test('a reset empties the cache; profiler routes answer to POST alone', async () => {
  const { port } = await server({ prefixCache: true, bytesPerToken: 1 });
  const cached = async () => {
    const prompt = 'x'.repeat(1000);
    const { json } = await answer(port, { prompt, max_tokens: 1 }, '/v1/completions');
    return json.usage.prompt_tokens_details?.cached_tokens;
  };
  expect([await cached(), await cached()]).toEqual([0, 512]);
  expect((await post(port, '/reset_prefix_cache', '')).status).toBe(200);
  expect(await cached()).toBe(0);
  expect((await post(port, '/start_profile', '')).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${port}/stop_profile`)).status).toBe(405);
});
