import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeScript } from '../../src/mock-server/words.js';
import { answer, engineOf, events, hello, metric, openStream, post, readTokenLog, server } from './client.js';

const folder = mkdtempSync(join(tmpdir(), 'mock-server-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the token log has the time of every token, none before it is due', async () => {
  const tokenLog = join(folder, 'tokens.jsonl');
  const { port, close } = await server({ tokenLog, ttftMs: 20, itlMs: 3 });
  const beforeNs = Number(process.hrtime.bigint());
  const headers = { 'X-Request-ID': 'first' };
  const response = await post(
    port,
    '/v1/chat/completions',
    { ...hello, stream: true, max_tokens: 5 },
    { headers },
  );
  await response.text();
  await answer(port, { max_tokens: 4 });
  const afterNs = Number(process.hrtime.bigint());
  await close();

  const [stream, whole] = readTokenLog(tokenLog);
  if (stream === undefined || whole === undefined) throw new Error('lines are missing');
  expect([stream.request_id, whole.request_id]).toEqual(['first', null]);
  for (const { received_ns, started_ns } of [stream, whole]) {
    expect(received_ns).toBeGreaterThanOrEqual(beforeNs);
    expect(started_ns).toBeGreaterThanOrEqual(received_ns);
  }
  expect(stream.token_ns).toHaveLength(5);
  for (const [index, atNs] of stream.token_ns.entries()) {
    expect(atNs).toBeGreaterThanOrEqual(stream.started_ns + 20e6 + index * 3e6);
    expect(atNs).toBeLessThanOrEqual(afterNs);
  }
  // An answer that is not streamed leaves when its last token is due: 20 + 3 * 3 = 29 ms.
  expect(whole.token_ns).toHaveLength(4);
  expect(new Set(whole.token_ns).size).toBe(1);
  expect(whole.token_ns[0]).toBeGreaterThanOrEqual(whole.started_ns + 29e6);
});

test('requests beyond the slots wait in order of arrival', async () => {
  const tokenLog = join(folder, 'slots.jsonl');
  const { port, close } = await server({ tokenLog, slots: 1, ttftMs: 400 });
  const ask = (id: string) =>
    post(
      port,
      '/v1/chat/completions',
      { ...hello, stream: true, max_tokens: 2 },
      { headers: { 'X-Request-ID': id } },
    );
  // A stream's head is sent at once: when it is there, the request has its place in the queue.
  const responses = [await ask('a'), await ask('b'), await ask('c')];
  const metrics = ['num_requests_running', 'num_requests_waiting'].map((name) => metric(port, name));
  expect(await Promise.all(metrics)).toEqual([1, 2]);
  for (const response of responses) await response.text();
  await close();

  const lines = readTokenLog(tokenLog);
  expect(lines.map(({ request_id }) => request_id)).toEqual(['a', 'b', 'c']);
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1]?.token_ns.at(-1);
    if (before !== undefined) expect(line.started_ns).toBeGreaterThanOrEqual(before);
  }
});

test('a client that leaves gives its slot to the next', async () => {
  const tokenLog = join(folder, 'leave.jsonl');
  const { port, close } = await server({ tokenLog, slots: 1, itlMs: 60_000 });
  const leaving = new AbortController();
  const body = { ...hello, stream: true, max_tokens: 100 };
  const response = await post(port, '/v1/chat/completions', body, { signal: leaving.signal });
  await response.body?.getReader().read();
  const next = answer(port, { max_tokens: 1 });
  leaving.abort();
  const { json } = await next;
  expect(json.usage.completion_tokens).toBe(1);
  expect(await metric(port, 'request_success_total{engine="0",finished_reason="abort"')).toBe(1);
  await close();
  expect(readTokenLog(tokenLog).map(({ token_ns }) => token_ns.length)).toEqual([1, 1]);
});

test('the prefix cache and the length of the prompt decide the first token', async () => {
  const tokenLog = join(folder, 'prefix.jsonl');
  const { port, close } = await server({ tokenLog, prefixCache: true, ttftMs: 3, ttftPerInputTokenMs: 1 });
  // 4,400 bytes: 1,100 tokens, 1,024 of them in whole blocks.
  const ask = () => events(port, { prompt: 'x'.repeat(4400), max_tokens: 1 }, '/v1/completions');
  await ask();
  await ask();
  await close();
  const waits = readTokenLog(tokenLog).map((line) => ((line.token_ns[0] ?? 0) - line.started_ns) / 1e6);
  // 3 + 1,100 ms; then 3 + 76 ms, with a second to spare for a machine that is busy.
  expect(waits[0]).toBeGreaterThanOrEqual(1103);
  expect(waits[1]).toBeGreaterThanOrEqual(79);
  expect(waits[1]).toBeLessThan(1103);
});

test('tokens that are due together leave in one write, others in one each', async () => {
  const writes = async (itlMs: number) => {
    const stream = openStream(engineOf({ ttftMs: 0, itlMs }), { max_tokens: 4 });
    // While this thread is held up, all four tokens fall due; each is still a write of its own.
    const untilNs = process.hrtime.bigint() + 20_000_000n;
    while (process.hrtime.bigint() < untilNs);
    const written = await stream;
    return written.map((text) => text.split('data: ').length - 1);
  };
  // Role chunk, four tokens, [DONE].
  expect(await writes(0)).toEqual([6]);
  expect(await writes(1)).toEqual([2, 1, 1, 2]);
});

test('gaps with jitter stay within their bounds and keep their mean', () => {
  const { jitter } = writeScript(5);
  const swings = Array.from({ length: 4096 }, (_, index) => jitter(0, index));
  expect(Math.min(...swings)).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...swings)).toBeLessThanOrEqual(1);
  // Even draws from -1 to 1 have a deviation of 0.577; that of their mean is 0.577 / 64 = 0.009.
  expect(Math.abs(swings.reduce((sum, value) => sum + value, 0) / 4096)).toBeLessThan(0.036);
  expect(new Set(swings).size).toBe(4096);
});
