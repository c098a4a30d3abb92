import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from './records.js';

const statistics = ({ results }: RunSummary, tag: string) =>
  results.find((result) => result.tag === tag)?.statistics;

// The run of four requests lasts 1330.5 ms. Under way: 1 to 50 ms, 2 to 201, 1 to 382, none to 1250, 1 to 1260, 2 to
// 1290, 1 to the end. Waiting for a first chunk: 0 to 100 (isl 32), 50 to 200 (isl 30), 1250 to 1330 (isl 16).
test('the run of four requests: concurrency', () => {
  const summary = storeOf(fourRequests).summary();
  const { avg, ...rest } = statistics(summary, 'effective_concurrency') ?? {};
  expect(avg).toBeCloseTo((201 + 332 + 80.5 + 30) / 1330.5, 14);
  // None under way for 65 % of the time, at most one for 86.4 %.
  expect(rest).toMatchObject({ p50: 0, p90: 2, p95: 2, p99: 2, min: 0, max: 2 });
  expect(statistics(summary, 'effective_prefill_concurrency')?.avg).toBeCloseTo(
    (100 + 150 + 80) / 1330.5,
    14,
  );
  expect(statistics(summary, 'effective_decode_concurrency')?.avg).toBeCloseTo(
    (101 + 182 + 0.5) / 1330.5,
    14,
  );
});

test('the run of four requests: token rates', () => {
  const summary = storeOf(fourRequests).summary();
  // All input, and all output but the first tokens: 4 and 6.
  expect(statistics(summary, 'effective_prefill_throughput')?.avg).toBeCloseTo(78 / 1.3305, 10);
  expect(statistics(summary, 'effective_decode_throughput')?.avg).toBeCloseTo(10 / 1.3305, 10);
  expect(statistics(summary, 'effective_total_throughput')?.avg).toBeCloseTo(88 / 1.3305, 10);
  // Something waits from 0 to 200 and for the last 80 ms.
  expect(statistics(summary, 'active_prefill_throughput')).toMatchObject({
    min: 200, // 16 in 80 ms, and 30 in 150 ms alone from 100 to 200
    max: expect.closeTo(32 / 0.1 + 30 / 0.15, 10),
  });
  expect(statistics(summary, 'active_prefill_throughput')?.avg).toBeCloseTo(78 / 0.28, 10);
  // From 50 to 100 ms two wait: 320 and 200 tokens/s, 260 each.
  expect(statistics(summary, 'active_prefill_throughput_per_user')).toMatchObject({ min: 200, max: 320 });
  // Decoding: 100 to 382 ms and 1330 to 1330.5.
  expect(statistics(summary, 'active_decode_throughput')?.avg).toBeCloseTo(10 / 0.2825, 10);
  expect(statistics(summary, 'active_total_throughput')?.avg).toBeCloseTo(88 / 0.4625, 10);
});

test('the run of four requests: tokens in flight', () => {
  const found = statistics(storeOf(fourRequests).summary(), 'tokens_in_flight');
  // First: 32 from 0, 33 to 36 from each of its chunks, 37 to its end. Second: 30 from 50 ms, 31 from 200, then two
  // more a gap. Third: 16, then 17.
  const first = 32 * 100 + (33 + 34 + 35) * 20 + 36 * 40 + 37;
  const second = 30 * 150 + 31 * 30 + 33 * 60 + 35 * 90 + 37 * 2;
  const third = 16 * 80 + 17 * 0.5;
  expect(found?.avg).toBeCloseTo((first + second + third) / 1330.5, 10);
  expect(found).toMatchObject({ min: 0, max: 68 }); // 37 and 31 from 200 to 201 ms
});

test('curves are cut to slices; a request that runs on counts in each', () => {
  const summary = storeOf(fourRequests, { ...streamingChat, sliceSeconds: 0.3 }).summary();
  const slices = summary.sliced?.slices ?? [];
  // Slices in which a request started: 0 to 300 and 1200 to 1330.5 ms.
  const averages = slices.map(({ results }) => results.find(({ tag }) => tag === 'effective_concurrency'));
  expect(averages.map((one) => one?.statistics.avg)).toEqual([
    expect.closeTo((201 + 250) / 300, 14),
    expect.closeTo(110.5 / 130.5, 14),
  ]);
});

test('what the run has no values of is absent: no stream, no input length', () => {
  const tags = (records: Parameters<typeof storeOf>[0], traits = streamingChat) =>
    storeOf(records, traits)
      .summary()
      .results.map(({ tag }) => tag)
      .filter((tag) => /^(active_|effective_(?!time|latency)|tokens_in)/.test(tag));
  const whole = counted({ contentNs: Float64Array.of(ms(20)) });
  expect(tags([whole], { ...streamingChat, streaming: false })).toEqual(['effective_concurrency']);
  expect(tags([counted({}, { output: 2 })])).toEqual([
    'effective_concurrency',
    'effective_decode_throughput',
    'effective_decode_concurrency',
    'effective_prefill_concurrency',
    'effective_decode_throughput_per_user',
    'active_decode_throughput',
    'active_decode_throughput_per_user',
  ]);
});
