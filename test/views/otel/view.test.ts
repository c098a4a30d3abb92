import { afterEach, expect, it } from 'vitest';
import { SpanSampler } from '../../../src/collect/span-sampler.js';
import { RecordHistograms } from '../../../src/metrics/record-histograms.js';
import { metricsFor } from '../../../src/metrics/table.js';
import { processIo } from '../../../src/util/io.js';
import type { ViewReply } from '../../../src/views/messages.js';
import { signalUrl } from '../../../src/views/otel/collector-url.js';
import { openOtel } from '../../../src/views/otel/view.js';
import type { OtelPlan } from '../../../src/views/plan.js';
import type { View } from '../../../src/views/view.js';
import { fourRequests, ms, origin, storeOf, streamingChat } from '../../metrics/records.js';
import { madeUpRun, madeUpSnapshot } from '../api/made-up.js';
import { openCollector } from './collector.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function collector(answer?: () => number) {
  const opened = await openCollector(answer);
  closers.push(opened.close);
  return opened;
}

/** An open view, and what it warned of. */
function open(url: string, plan: Partial<OtelPlan> = {}, env = {}) {
  const warnings: string[] = [];
  const all: OtelPlan = {
    ...{ url, metrics: true, timing: true, resourceAttributes: { team: 'a' }, traceShare: 1 },
    genAiProvider: undefined,
    ...plan,
  };
  const reply = (message: ViewReply) => {
    if (message.kind === 'warning') warnings.push(message.message);
  };
  return { view: openOtel(all, { io: { ...processIo, env }, reply }), warnings };
}

/** The messages of a run of four requests, the last one refused. */
function play(view: View, benchmarkId = '0123456789ab') {
  const histograms = new RecordHistograms(metricsFor(streamingChat), origin, 0);
  const sampler = new SpanSampler({ share: 1, seed: 0 }, origin);
  const store = storeOf([]);
  store.table.onValue = ({ tag }, value) => histograms.add(tag, value);
  for (const one of fourRequests) {
    histograms.begin(one.record);
    sampler.add({ record: one.record, metrics: store.add(one) });
  }
  view.onMessage({ kind: 'run', run: madeUpRun({ benchmarkId }) });
  view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
  view.onMessage({ kind: 'histograms', histograms: histograms.state(ms(2000)) });
  view.onMessage({ kind: 'spans', batch: sampler.take() });
}

const unhurried = new AbortController().signal;

it('sends exact histograms, progress and spans', async () => {
  const { url, posts, last, close: _ } = await collector();
  const { view, warnings } = open(`${url}/`);
  play(view);
  await view.close(unhurried, false);
  expect(warnings).toEqual([]);
  expect(posts.map(({ path }) => path).sort()).toEqual(['/v1/metrics', '/v1/traces']);
  const [post] = posts.filter(({ path }) => path === '/v1/metrics');
  expect(post?.headers['content-type']).toBe('application/x-protobuf');
  expect(post?.resource).toMatchObject({
    ...{ 'service.name': 'aiperf', 'service.instance.id': '0123456789ab', team: 'a' },
    ...{ 'aiperf.benchmark.id': '0123456789ab', 'aiperf.endpoint.type': 'chat', 'aiperf.model.name': 'm2' },
  });
  expect(post?.scope).toBe('aiperf.records');
  const duration = last().get('gen_ai.client.operation.duration');
  expect(duration).toMatchObject({ unit: 's', kind: 'histogram', temporality: 2 });
  // 200, 330 and 80 ms.
  expect(duration?.points).toEqual([
    {
      attributes: {
        'aiperf.worker.id': 'worker_a1b2c3d4',
        'aiperf.record_processor.id': expect.stringMatching(/^record_processor_[0-9a-f]{8}$/),
        'aiperf.benchmark_phase': 'profiling',
        'aiperf.was_cancelled': false,
        'aiperf.has_error': false,
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': '_OTHER',
        'gen_ai.request.model': 'demo/tiny-1b',
      },
      ...{ startNs: origin.epochNs, atNs: origin.epochNs + 2_000_000_000n },
      ...{ count: 3, sum: 0.61, min: 0.08, max: 0.33 },
      counts: [0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
      bounds: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    },
  ]);
  // 32 + 30 + 16 tokens in, 5 + 5 + 1 out without reasoning.
  const usage = last().get('gen_ai.client.token.usage');
  const sums = usage?.points.map(({ attributes, sum }) => [attributes['gen_ai.token.type'], sum]);
  expect(Object.fromEntries(sums ?? [])).toEqual({ input: 78, output: 11 });
  expect(last().get('aiperf.decode_duration')).toMatchObject({ unit: 'ns', points: [{ sum: ms(280) }] });
  expect(last().get('aiperf.error_isl')?.points).toMatchObject([
    { attributes: { 'aiperf.has_error': true }, count: 1, sum: 64 },
  ]);
});

it('sends the progress of the phases as sums', async () => {
  const { url, last } = await collector();
  const { view } = open(url, { metrics: false, genAiProvider: 'openai' });
  play(view);
  await view.close(unhurried, false);
  const values = Array.from(last(), ([name, { points, isMonotonic }]) => [
    name,
    [points[0]?.value, isMonotonic],
  ]);
  expect(Object.fromEntries(values)).toEqual({
    'aiperf.timing.requests.sent': [8, true],
    'aiperf.timing.requests.completed': [6, true],
    'aiperf.timing.requests.cancelled': [0, true],
    'aiperf.timing.requests.errors': [1, true],
    'aiperf.timing.sessions.sent': [8, true],
    'aiperf.timing.sessions.completed': [6, true],
    'aiperf.timing.sessions.turns_total': [8, true],
    'aiperf.timing.requests.in_flight': [2, false],
    'aiperf.timing.sessions.in_flight': [2, false],
    'aiperf.timing.phase.elapsed_sec': [4, false],
  });
  expect(last().get('aiperf.timing.requests.sent')?.points[0]?.attributes).toEqual({
    'aiperf.benchmark_phase': 'profiling',
    'aiperf.total_expected_requests': 10,
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'm2',
  });
});

it('a sampled request is a client span with the times of its chunks', async () => {
  const { url, posts } = await collector();
  const { view } = open(url);
  play(view);
  await view.close(unhurried, false);
  const spans = posts.flatMap((post) => post.spans);
  expect(spans).toHaveLength(4);
  const at = (afterMs: number) => origin.epochNs + BigInt(ms(afterMs));
  expect(spans[2]).toMatchObject({
    ...{ name: 'chat demo/tiny-1b', kind: 3, status: 0, droppedEvents: 0 },
    traceId: '00000000000040008000000000000002',
    ...{ startNs: at(1250), endNs: at(1330.5) },
    attributes: {
      ...{ 'gen_ai.usage.input_tokens': 16, 'gen_ai.usage.output_tokens': 1 },
      ...{ 'aiperf.request.number': 2, 'server.address': '127.0.0.1', 'server.port': 1 },
    },
    events: [{ name: 'aiperf.first_chunk', atNs: at(1330), attributes: { 'aiperf.chunk.index': 0 } }],
  });
  expect(spans[1]?.events.map(({ name }) => name)).toEqual([
    'aiperf.first_chunk',
    ...['aiperf.chunk', 'aiperf.chunk', 'aiperf.chunk'],
  ]);
  expect(spans[3]).toMatchObject({ status: 2, attributes: { 'error.type': '400' } });
});

it('each run of a series has its own last figures', async () => {
  const { url, posts } = await collector();
  const { view } = open(url, { timing: false });
  for (const id of ['run_1', 'run_2', 'run_3']) play(view, id);
  await view.close(unhurried, false);
  const ids = posts
    .filter(({ metrics }) => metrics.length > 0)
    .map((post) => post.resource['service.instance.id']);
  expect(new Set(ids)).toEqual(new Set(['run_1', 'run_2', 'run_3']));
});

it('a collector that refuses costs one warning without the credentials', async () => {
  const { url } = await collector(() => 401);
  const { view, warnings } = open(url.replace('//', '//me:secret-word-1@'));
  for (const id of ['run_1', 'run_2']) play(view, id);
  await view.close(unhurried, false);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^OpenTelemetry (metrics|traces) could not be sent to .*: HTTP status 401 Unauth.* goes on\.$/,
    ),
  ]);
  expect(warnings.join()).not.toContain('secret-word-1');
});

it('a collector that does not answer does not delay a hurried end', async () => {
  const { view } = open('http://127.0.0.1:9');
  play(view);
  await view.close(AbortSignal.abort(), false);
});

it.each([
  ['http://h:4318', 'http://h:4318/v1/metrics'],
  ['http://h:4318/', 'http://h:4318/v1/metrics'],
  ['http://h/otlp/', 'http://h/otlp/v1/metrics'],
  ['https://h/otlp/v1/metrics', 'https://h/otlp/v1/metrics'],
])('metrics of %s go to %s', (url, expected) => {
  expect(signalUrl(url, 'metrics')).toBe(expected);
  expect(signalUrl(url, 'traces')).toBe(expected.replace('metrics', 'traces'));
});
