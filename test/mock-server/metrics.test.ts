import { expect, test } from 'vitest';
import { Gpus } from '../../src/mock-server/gpus.js';
import { RequestMetrics, ServerMetrics } from '../../src/mock-server/server-metrics.js';
import { answer, engineOf, events, openStream, post, server } from './client.js';

/** The samples of a page, by name and labels. */
async function samples(port: number, path = '/metrics'): Promise<Map<string, number>> {
  return parsed(await (await fetch(`http://127.0.0.1:${port}${path}`)).text());
}

function parsed(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const of = (name: string, ...rest: string[]) =>
  `vllm:${name}{${['engine="0"', ...rest, 'model_name="tiny"'].join(',')}}`;
const ended = (reason: string) => of('request_success_total', `finished_reason="${reason}"`);

test('counts of streams, whole responses, refusals and broken streams', async () => {
  const { port } = await server({ midfail: 4, contextLimit: 1000 });
  // 3 prompt tokens each; the stream of the fourth breaks after 2 tokens of 4.
  await events(port, { max_tokens: 4 });
  await answer(port, { max_tokens: 20 });
  expect((await answer(port, { max_tokens: 2000 })).status).toBe(400);
  await expect(events(port, { max_tokens: 4 })).rejects.toThrow();
  await answer(port, { input: 'hello there' }, '/v1/embeddings');

  const page = await samples(port);
  const counts = (name: string) => [page.get(of(`${name}_count`)), page.get(of(`${name}_sum`))];
  expect(
    Object.fromEntries(['stop', 'length', 'abort', 'error'].map((how) => [how, page.get(ended(how))])),
  ).toEqual({ stop: 1, length: 2, abort: 0, error: 1 });
  expect(page.get(of('prompt_tokens_total'))).toBe(4 * 3);
  expect(page.get(of('generation_tokens_total'))).toBe(4 + 20 + 2);
  // A step has the tokens of the prompts, too.
  expect(page.get(of('iteration_tokens_total_sum'))).toBe(12 + 26);
  expect(page.get(of('time_to_first_token_seconds_count'))).toBe(4);
  expect(page.get(of('inter_token_latency_seconds_count'))).toBe(3 + 19 + 1);
  // Requests that completed: both chats and the embedding.
  expect(counts('request_prompt_tokens')).toEqual([3, 9]);
  expect(counts('request_generation_tokens')).toEqual([3, 24]);
  expect(counts('request_params_max_tokens')).toEqual([3, 4 + 20 + 1]);
  expect(page.get(of('request_generation_tokens_bucket', 'le="5.0"'))).toBe(2);
  expect(page.get(of('request_generation_tokens_bucket', 'le="20.0"'))).toBe(3);
  // Bounds of token counts end below the context.
  expect([...page.keys()].filter((key) => key.startsWith('vllm:request_prompt_tokens_bucket'))).toHaveLength(
    11,
  );
  const responses = (handler: string, status: string) =>
    page.get(`http_requests_total{handler="${handler}",method="POST",status="${status}"}`);
  expect(responses('/v1/chat/completions', '2xx')).toBe(3);
  expect(responses('/v1/chat/completions', '4xx')).toBe(1);
  expect(responses('/v1/embeddings', '2xx')).toBe(1);
  expect([...page.keys()].filter((key) => key.startsWith('http_requests_total'))).toHaveLength(3);
});

test('clients that leave, the queue and the KV cache', async () => {
  const { port } = await server({ slots: 2, itlMs: 60_000, prefixCache: true });
  const leaving = new AbortController();
  // One stream, one whole response: both have one token now and the next in a minute. 8,000 bytes are 2,000 tokens.
  const prompt = 'x'.repeat(8000);
  const ask = (stream: boolean) =>
    post(port, '/v1/completions', { prompt, max_tokens: 3, stream }, { signal: leaving.signal }).then((got) =>
      got.text(),
    );
  const all = [ask(true), ask(false)];
  await expect.poll(async () => (await samples(port)).get(of('generation_tokens_total'))).toBe(2);
  all.push(ask(true));
  await expect.poll(async () => (await samples(port)).get(of('num_requests_waiting'))).toBe(1);

  const page = await samples(port);
  expect(page.get(of('num_requests_running'))).toBe(2);
  expect(
    page.get('vllm:num_requests_waiting_by_reason{engine="0",model_name="tiny",reason="capacity"}'),
  ).toBe(1);
  // 2,001 tokens fill 126 blocks of 16; the cache has 65,536.
  expect(page.get(of('kv_cache_usage_perc'))).toBe(252 / 65_536);
  // The second prompt finds the first 3 blocks of 512 tokens in the prefix cache.
  expect(page.get(of('prefix_cache_queries_total'))).toBe(4000);
  expect(page.get(of('prefix_cache_hits_total'))).toBe(1536);
  expect(
    page.get('vllm:prompt_tokens_by_source_total{engine="0",model_name="tiny",source="local_compute"}'),
  ).toBe(2464);

  leaving.abort();
  await Promise.allSettled(all);
  await expect.poll(async () => (await samples(port)).get(ended('abort'))).toBe(3);
  const after = await samples(port);
  // The third never started.
  expect(after.get(of('prompt_tokens_total'))).toBe(4000);
  expect(after.get(of('generation_tokens_total'))).toBe(2);
  expect(after.get(of('e2e_request_latency_seconds_count'))).toBe(0);
  expect(after.get(of('kv_cache_usage_perc'))).toBe(0);
});

test('a full KV cache preempts the newest request, and computes it again', async () => {
  // 20 blocks of 16 tokens; prompts of 100 tokens take 7. Two start, and each needs 13 blocks in the end.
  const engine = engineOf({ kvCacheTokens: 320, ttftMs: 0, itlMs: 1 });
  const messages = [{ role: 'user', content: 'x'.repeat(100) }];
  const streams = ['a', 'b', 'c'].map(() => openStream(engine, { messages, max_tokens: 100 }));
  expect([engine.slots.running.size, engine.slots.waiting, engine.kv?.freeBlocks]).toEqual([2, 1, 6]);
  const tokens = (await Promise.all(streams)).map(
    (written) => written.join('').split('"delta":{"content"').length - 1,
  );
  expect(tokens).toEqual([100, 100, 100]);
  // The second lacks an eleventh block until the first has ended. The third starts besides it, and lacks one in turn.
  const { metrics, kv } = engine;
  expect([metrics.preemptions, metrics.finished.length, kv?.freeBlocks]).toEqual([2, 3, 20]);
  expect([metrics.promptTokens, metrics.generationTokens]).toEqual([300, 300]);
});

test('where the time of a request went', () => {
  const metrics = new ServerMetrics(4096, 10e6);
  const times = { promptTokens: 100, maxTokens: 3, generates: true, receivedNs: 1e9 };
  const request = new RequestMetrics(metrics, times);
  request.started(60, 1.25e9);
  request.generated(1, 1.75e9);
  request.generated(2, 2e9);
  request.ended('length', 2.5e9);
  metrics.endStep();
  expect({
    queue: metrics.queueSeconds.sum,
    ttft: metrics.ttftSeconds.sum,
    prefill: metrics.prefillSeconds.sum,
    itl: metrics.itlSeconds.sum,
    decode: metrics.decodeSeconds.sum,
    tpot: metrics.tpotSeconds.sum,
    inference: metrics.inferenceSeconds.sum,
    e2e: metrics.e2eSeconds.sum,
    computed: metrics.requestComputedTokens.sum,
    // 40 computed prompt tokens and a new one, then two more.
    steps: [...metrics.stepTokens.buckets()].filter(([, count]) => count > 0),
  }).toEqual({
    queue: 0.25,
    ttft: 0.75,
    prefill: 0.5,
    itl: 0.25,
    decode: 0.25,
    tpot: 0.125,
    inference: 0.75,
    e2e: 1.5,
    computed: 40,
    steps: [
      ['8.0', 1],
      ['64.0', 1],
    ],
  });
});

test('names that need escapes', async () => {
  const { port } = await server({ model: 'a"b\\c\nd' });
  const page = await samples(port);
  expect(page.get('vllm:num_requests_running{engine="0",model_name="a\\"b\\\\c\\nd"}')).toBe(0);
});

test('power and utilization follow the load, energy is the integral of power', () => {
  const gpus = new Gpus({ gpus: 2, fullLoad: 8, powerLimitWatts: 500 }, 0);
  const second = (name: string, page: Map<string, number>) =>
    [...page].filter(([key]) => key.startsWith(`DCGM_FI_${name}{`)).map(([, value]) => value);
  const idle = parsed(gpus.page(1e9));
  expect(second('DEV_POWER_USAGE', idle)).toEqual([75, 76]);
  expect(second('DEV_TOTAL_ENERGY_CONSUMPTION', idle)).toEqual([75_000, 76_000]);
  expect(second('DEV_GPU_UTIL', idle)).toEqual([0, 0]);
  expect(second('DEV_GPU_TEMP', idle)).toEqual([35, 35]);

  gpus.setRunning(4, 1e9);
  // Half of the load for 2 s: 75 + 282.5 W.
  const half = parsed(gpus.page(3e9));
  expect(second('DEV_POWER_USAGE', half)).toEqual([357.5, 358.5]);
  expect(second('DEV_TOTAL_ENERGY_CONSUMPTION', half)).toEqual([75_000 + 715_000, 76_000 + 717_000]);
  expect(second('DEV_GPU_UTIL', half)).toEqual([75, 75]);
  expect(second('PROF_SM_ACTIVE', half)).toEqual([0.45, 0.45]);
  expect(second('DEV_POWER_VIOLATION', half)).toEqual([0, 0]);

  gpus.setRunning(9, 3e9);
  // More than the full load asks for 640 W and 641 W.
  const capped = parsed(gpus.page(3.5e9));
  expect(second('DEV_POWER_USAGE', capped)).toEqual([500, 500]);
  expect(second('DEV_TOTAL_ENERGY_CONSUMPTION', capped)).toEqual([790_000 + 250_000, 793_000 + 250_000]);
  expect(second('DEV_POWER_VIOLATION', capped)).toEqual([5e8, 5e8]);
  // 20 s at a goal of 75 degrees: 35.95 or so, and then 63 % of the rest.
  expect(second('DEV_GPU_TEMP', parsed(gpus.page(23.5e9)))).toEqual([61, 61]);
});

test('the page of the GPUs dies and returns', async () => {
  const { port } = await server({ gpus: 1, slots: 2, gpuFailAfter: 1, gpuFailReads: 2 });
  const read = () =>
    fetch(`http://127.0.0.1:${port}/gpu/metrics`).then(
      ({ status }) => status,
      () => 'broken',
    );
  expect([await read(), await read(), await read(), await read()]).toEqual([200, 'broken', 'broken', 200]);
  const page = await (await fetch(`http://127.0.0.1:${port}/gpu/metrics`)).text();
  expect(page).toContain(
    'DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-00000000-aaaa-bbbb-cccc-000000000000",' +
      'pci_bus_id="00000000:01:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="mock",' +
      'DCGM_FI_DRIVER_VERSION="580.82.07"} 75\n',
  );
  const without = await server();
  expect((await fetch(`http://127.0.0.1:${without.port}/gpu/metrics`)).status).toBe(404);
});
