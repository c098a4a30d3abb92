import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import type { MetricResult } from '../../src/metrics/results.js';
import type { CountedRecord } from '../../src/records/record.js';
import { WireTimes } from '../../src/transport/transport.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from './records.js';

function averages(summary: RunSummary): Record<string, number | undefined> {
  return Object.fromEntries(summary.results.map(({ tag, statistics }) => [tag, statistics.avg]));
}

function result(summary: RunSummary, tag: string): MetricResult | undefined {
  return summary.results.find((found) => found.tag === tag);
}

function values(record: CountedRecord, traits = streamingChat): Record<string, unknown> {
  const plain = storeOf([], traits)
    .add(record)
    .map(([tag, value]) => [tag, typeof value === 'number' ? value : Array.from(value)]);
  return Object.fromEntries(plain);
}

test('the run of four requests: totals and rates', () => {
  const summary = storeOf(fourRequests).summary();
  // From 0 ms to the last content chunk of the third request: 1250 + 80 ms.
  expect(averages(summary)).toMatchObject({
    benchmark_duration: 1.33,
    request_count: 3,
    error_request_count: 1,
    completed_request_count: 4,
    request_error_rate: 25,
    total_isl: 78,
    total_osl: 13,
    total_output_tokens: 11,
    total_reasoning_tokens: 2,
    total_error_isl: 64,
    request_throughput: 3 / 1.33,
    output_token_throughput: 13 / 1.33,
    input_token_throughput: 78 / 1.33,
    total_token_throughput: 91 / 1.33,
  });
  expect(summary).toMatchObject({
    validCount: 3,
    failedCount: 1,
    firstStartNs: 1_767_225_600_000_000_000n,
    // The third request's last unit, 1250 + 80.5 ms; the failed one ended at 1290 ms.
    lastEndNs: 1_767_225_601_330_500_000n,
  });
});

test('the run of four requests: distributions', () => {
  const summary = storeOf(fourRequests).summary();
  expect(result(summary, 'time_to_first_token')).toEqual({
    tag: 'time_to_first_token',
    unit: 'ms',
    statistics: {
      avg: 110,
      p1: 80.39999999999999, // 80400000 ns * 1e-6
      p5: 82,
      p10: 84,
      p25: 90,
      p50: 100,
      p75: 125,
      p90: 140,
      p95: 145,
      p99: 149,
      min: 80,
      max: 150,
      std: 29.439202887759485, // worked out in ns, too
      count: 3,
      sum: 330,
    },
  });
  // Gaps 20 20 20 40 and 30 60 90, flattened.
  expect(result(summary, 'inter_chunk_latency')?.statistics).toMatchObject({
    avg: 40,
    p50: 30,
    count: 7,
    sum: 280,
  });
  // 100 and 180 ms over 4 and 6 tokens; the one-token answer has none.
  expect(result(summary, 'inter_token_latency')?.statistics).toMatchObject({
    avg: 27.5,
    min: 25,
    max: 30,
    count: 2,
  });
  expect(result(summary, 'error_isl')?.statistics).toMatchObject({ avg: 64, std: 0, count: 1 });
  // 80 200 330 and one infinite: p75 is rank .75 * 3 = 2.25 -> 2.
  expect(result(summary, 'adj_request_latency')).toEqual({
    tag: 'adj_request_latency',
    unit: 'ms',
    statistics: { p1: 80, p5: 80, p10: 80, p25: 200, p50: 330, p75: 330, min: 80, count: 4 },
  });
});

test('values of one record: reasoning first, then two answer chunks', () => {
  expect(values(fourRequests[1] ?? counted())).toEqual({
    time_to_first_token: 150,
    time_to_second_token: 30,
    time_to_first_output_token: 180,
    request_latency: 330,
    decode_duration: 180,
    inter_token_latency: 30,
    output_token_throughput_per_user: 33.33333333333333,
    e2e_output_token_throughput: 21.21212121212121,
    output_sequence_length: 7,
    input_sequence_length: 30,
    output_token_count: 5,
    reasoning_token_count: 2,
    thinking_efficiency: 0.4,
    inter_chunk_latency: [30, 60, 90],
    prefill_throughput_per_user: 199.99999999999997,
    // 182 ms from the first content to the end, over the other six tokens; 330 ms over all seven.
    full_decode_duration: 182,
    full_response_inter_token_latency: 30.333333333333332,
    full_response_output_token_throughput_per_user: 32.96703296703297,
    e2e_latency_per_output_token: 47.14285714285714,
    credit_to_start_latency: 0,
    effective_time_to_first_token: 150,
    effective_latency: 332,
  });
});

test('an answer of reasoning alone has no first output token and no output tokens', () => {
  const record = counted({ firstOutputNs: Number.NaN }, { input: 8, reasoning: 3 });
  const found = values(record);
  expect(found).toMatchObject({
    output_sequence_length: 3,
    reasoning_token_count: 3,
    inter_token_latency: 5,
  });
  expect(found).not.toHaveProperty('time_to_first_output_token');
  expect(found).not.toHaveProperty('output_token_count');
});

test.each([
  // 60 ms after the first chunk: of 7 tokens, by all but those that the first chunk reports.
  { firstChunkTokens: undefined, itl: 10 },
  { firstChunkTokens: 1, itl: 10 },
  { firstChunkTokens: 3, itl: 15 },
  { firstChunkTokens: 6, itl: 60 },
  // Nonsense counts as 1.
  { firstChunkTokens: 0, itl: 10 },
  { firstChunkTokens: 7, itl: 10 },
])('$firstChunkTokens tokens in the first chunk: an inter-token latency of $itl ms', (row) => {
  const { firstChunkTokens, itl } = row;
  const record = counted({ contentNs: Float64Array.of(ms(10), ms(70)), firstChunkTokens }, { output: 7 });
  expect(values(record)).toMatchObject({ inter_token_latency: itl });
});

test('speculative decoding that a server reports', () => {
  const spec = { spec_verify_ct: 4, spec_draft_token_num: 12, spec_accept_token_num: 8 };
  expect(values(counted({ usage: { completion_tokens: 12, ...spec } }))).toMatchObject({
    spec_decode_acceptance_length: 3,
    spec_decode_draft_acceptance_rate: 8 / 12,
    spec_decode_steps: 4,
  });
  const length = values(counted({ usage: { completion_tokens: 12, avg_decoded_tokens_per_iter: 2.5 } }));
  expect(length).toMatchObject({ spec_decode_acceptance_length: 2.5 });
  expect(length).not.toHaveProperty('spec_decode_steps');
  expect(values(counted({ usage: { completion_tokens: 12 } }))).not.toHaveProperty(
    'spec_decode_acceptance_length',
  );
});

test('requests of several batch sizes have their latencies by size', () => {
  const embedding = (batchSize: number, latency: number) =>
    counted({ batchSize, contentNs: Float64Array.of(ms(latency)) }, { input: 8 });
  const failed = counted({ batchSize: 4, error: { type: 'X', message: '' } }, { input: 8 });
  const { batches } = storeOf([embedding(2, 10), embedding(2, 30), embedding(8, 40), failed]).summary();
  expect(batches?.map(({ from, latency }) => [from, latency.count, latency.avg])).toEqual([
    [2, 2, 20],
    [8, 1, 40],
  ]);
  expect(storeOf([embedding(2, 10), embedding(2, 30)]).summary().batches).toEqual([]);
});

test('one output token: no inter-token latency, a decode duration of zero', () => {
  const found = values(fourRequests[2] ?? counted());
  expect(found).toMatchObject({ decode_duration: 0, e2e_output_token_throughput: 12.5 });
  for (const tag of ['inter_token_latency', 'output_token_throughput_per_user', 'inter_chunk_latency'])
    expect(found).not.toHaveProperty(tag);
});

test('chunks that share a read keep their gap of zero', () => {
  const contentNs = Float64Array.of(ms(10), ms(10), ms(20));
  expect(values(counted({ contentNs }, { output: 3 }))).toMatchObject({
    time_to_second_token: 0,
    inter_chunk_latency: [0, 10],
  });
  // All at once: a latency of zero between tokens has no reciprocal.
  const atOnce = values(counted({ contentNs: Float64Array.of(ms(10), ms(10)) }));
  expect(atOnce).toMatchObject({ inter_token_latency: 0 });
  expect(atOnce).not.toHaveProperty('output_token_throughput_per_user');
});

test('without streaming only whole-answer metrics remain', () => {
  const record = counted({ contentNs: Float64Array.of(ms(20)), firstOutputNs: ms(20) });
  const summary = storeOf([record], { ...streamingChat, streaming: false }).summary();
  expect(summary.results.map(({ tag }) => tag)).toEqual([
    'request_latency',
    'e2e_output_token_throughput',
    'output_sequence_length',
    'input_sequence_length',
    'output_token_count',
    'e2e_latency_per_output_token',
    'e2e_normalized_interactivity_p75',
    'e2e_normalized_interactivity_p90',
    'request_count',
    'benchmark_duration',
    'request_throughput',
    'output_token_throughput',
    'total_token_throughput',
    'input_token_throughput',
    'completed_request_count',
    'request_error_rate',
    'total_isl',
    'total_osl',
    'total_output_tokens',
    'effective_concurrency',
    'credit_to_start_latency',
    'effective_latency',
  ]);
});

test('an endpoint without output tokens keeps latency, input and requests', () => {
  const record = counted({}, { input: 8 });
  const found = averages(
    storeOf([record], { ...streamingChat, streaming: false, producesTokens: false }).summary(),
  );
  // 20 ms from start to content: 8 / 0.02 s.
  expect(found).toMatchObject({ request_latency: 20, input_sequence_length: 8, input_token_throughput: 400 });
  expect(found).not.toHaveProperty('output_sequence_length');
  expect(found).not.toHaveProperty('total_token_throughput');
});

test('output length against the requested one', () => {
  // 5 % of 100 is 5: 95 is within, 94 is not. 5 % of 2000 is 100, but more than 50 tokens off counts.
  const lengths = [
    [100, 95],
    [100, 94],
    [2000, 1950],
    [2000, 1949],
    [0, 7],
    [10, 0],
  ];
  const records = lengths.map(([requestedOsl, output]) => counted({ requestedOsl }, { output }));
  const summary = storeOf(records).summary();
  expect(averages(summary)).toMatchObject({ osl_mismatch_count: 3, request_count: 6 });
  // -5, -6, -2.5, -2.55, -100 %; nothing can be said about 0.
  expect(result(summary, 'osl_mismatch_diff_pct')?.statistics).toMatchObject({
    count: 5,
    min: -100,
    max: -2.5,
  });
  expect(averages(storeOf([counted()]).summary())).not.toHaveProperty('osl_mismatch_count');
});

test('usage of the server: values, totals, cached share and differences', () => {
  const usage = (prompt: number, completion: number, cached: number) => ({
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  });
  const records = [
    counted({ usage: usage(110, 10, 60) }, { input: 100, output: 10 }), // 10 %: not above the threshold
    counted({ usage: usage(111, 10, 0) }, { input: 100, output: 10 }), // 11 %
    counted({ usage: usage(100, 8, 0) }, { input: 100, output: 10 }), // 20 % of the output
  ];
  const summary = storeOf(records).summary();
  expect(averages(summary)).toMatchObject({
    usage_prompt_tokens: 107,
    total_usage_prompt_tokens: 321,
    total_usage_completion_tokens: 28,
    total_usage_total_tokens: 349,
    usage_prompt_cache_read_tokens: 20,
    overall_usage_prompt_cache_read_pct: (60 / 321) * 100,
    usage_discrepancy_count: 2,
  });
  expect(result(summary, 'usage_completion_tokens_diff_pct')?.statistics).toMatchObject({ max: 20, min: 0 });
  const theirs = storeOf(records, { ...streamingChat, serverTokenCounts: true }).summary();
  expect(theirs.results.filter(({ tag }) => /diff_pct|discrepancy|error_isl/.test(tag))).toEqual([]);
});

test('a usage object without completion tokens makes no discrepancy count', () => {
  const found = averages(storeOf([counted({ usage: { prompt_tokens: 50 } })]).summary());
  // |50 - 8| / 8
  expect(found).toMatchObject({ usage_prompt_tokens: 50, usage_prompt_tokens_diff_pct: 525 });
  expect(found).not.toHaveProperty('usage_discrepancy_count');
});

test('what happened on the wire', () => {
  const wire = Object.assign(new WireTimes(), {
    poolWaitStartNs: ms(0),
    poolWaitEndNs: ms(1),
    connectStartNs: ms(1),
    connectEndNs: ms(4),
    sendStartNs: ms(4),
    sendEndNs: ms(5),
    firstBodyNs: ms(9),
    lastBodyNs: ms(21),
    bytesSent: 512,
    writes: 1,
    bytesReceived: 2294,
    reads: 3,
  });
  const found = values(counted({ wire }));
  expect(Object.fromEntries(Object.entries(found).filter(([tag]) => tag.startsWith('http_req_')))).toEqual({
    http_req_blocked: 1,
    http_req_dns_lookup: 0,
    http_req_connecting: 3,
    http_req_sending: 1,
    http_req_waiting: 4,
    http_req_receiving: 12,
    http_req_connection_reused: 0,
    http_req_data_sent: 0.5,
    http_req_chunks_sent: 1,
    http_req_data_received: 2294 / 1024,
    http_req_chunks_received: 3,
    http_req_connection_overhead: 4,
    http_req_duration: 17, // 4 to 21
    http_req_total: 21, // 1 + 0 + 3 + 1 + 4 + 12
  });
});

test('times from when a request was due hold the wait before it was sent', () => {
  // Starts at 0, content at 10 and 20 ms, last unit at 21 ms; due 5, 0 and 9 ms before.
  const records = [5, 0, 9].map((lateMs) => counted({ dueNs: ms(-lateMs) }));
  const summary = storeOf(records).summary();
  expect(result(summary, 'credit_to_start_latency')).toMatchObject({
    unit: 'ms',
    statistics: { count: 3, min: 0, p50: 5, max: 9, sum: 14 },
  });
  expect(result(summary, 'effective_time_to_first_token')).toMatchObject({
    unit: 'ms',
    statistics: { count: 3, min: 10, p50: 15, max: 19, sum: 44 },
  });
  expect(result(summary, 'effective_latency')).toMatchObject({
    unit: 'ms',
    statistics: { count: 3, min: 21, p50: 26, max: 30, sum: 77 },
  });
  expect(averages(summary)).toMatchObject({ time_to_first_token: 10, request_latency: 20 });
  expect(values(counted({ dueNs: ms(-5) }))).toMatchObject({
    credit_to_start_latency: 5,
    effective_time_to_first_token: 15,
    effective_latency: 26,
  });
});

test('failed requests have no times from when they were due', () => {
  const failed = counted({ dueNs: ms(-5), error: { type: 'TimeoutError', message: 'late' } });
  expect(values(failed)).toEqual({ error_isl: 8 });
  const summary = storeOf([failed, counted({ dueNs: ms(-1) })]).summary();
  expect(result(summary, 'effective_latency')?.statistics).toMatchObject({ count: 1, avg: 22 });
});

test('failures that differ in what they quote are one row, with the first quote', () => {
  const error = (id: string) => ({
    code: 502,
    type: 'SSEResponseError',
    message: `no JSON; received: {"id":"${id}"`,
  });
  const failed = ['a', 'b', 'c'].map((id) => counted({ error: error(id) }));
  const other = counted({ error: { ...error('d'), code: 503 } });
  expect(storeOf([...failed, other]).summary().errors).toEqual([
    { error: error('a'), count: 3 },
    { error: { ...error('d'), code: 503 }, count: 1 },
  ]);
});

test('failures that all differ are 1,000 rows, and one for all others', () => {
  const error = (id: number) => ({ code: 500, type: 'Internal Server Error', message: `trace ${id}` });
  const failed = [...Array(1200).keys(), 0, 0].map((id) => counted({ error: error(id) }));
  const { errors, failedCount } = storeOf(failed).summary();
  expect(failedCount).toBe(1202);
  expect(errors).toHaveLength(1001);
  expect(errors[0]).toEqual({ error: error(0), count: 3 });
  expect(errors[999]).toEqual({ error: error(999), count: 1 });
  expect(errors[1000]).toEqual({
    error: {
      type: 'OtherErrors',
      message: 'Errors beyond the first 1000 different ones; the per-request file holds each',
    },
    count: 200,
  });
});

test('failures are counted by kind, grouped by identical details, and keep out of everything else', () => {
  const refused = {
    code: 400,
    type: 'Bad Request',
    message: "This model's maximum context length is 4096 tokens.",
  };
  const dropped = {
    code: 499,
    type: 'RequestCancellationError',
    message: 'Request cancelled 0.100s after being sent',
  };
  const broken = { type: 'ClientPayloadError', message: 'cut short', causeChain: ['ClientPayloadError'] };
  const failed = [
    counted({ error: broken, startNs: ms(-900) }),
    counted({ error: refused }),
    counted({ error: dropped, cancelledNs: ms(20) }),
    counted({ error: { ...refused } }),
    counted({ error: dropped, cancelledNs: ms(20), dropped: true }),
    counted({ contentNs: new Float64Array() }),
    counted({ endNs: 0 }),
  ];
  const summary = storeOf([counted(), ...failed]).summary();
  expect(summary.errors.map(({ error, count }) => [error.type, error.code, count])).toEqual([
    ['ClientPayloadError', undefined, 1],
    ['Bad Request', 400, 2],
    ['RequestCancellationError', 499, 2],
    ['InvalidInferenceResultError', undefined, 1],
    ['InvalidInferenceResultError', undefined, 1],
  ]);
  expect(averages(summary)).toMatchObject({
    request_count: 1,
    error_request_count: 7,
    cancelled_request_count: 2,
    context_overflow_count: 2,
    completed_request_count: 8,
    request_error_rate: 87.5,
    benchmark_duration: 0.02,
  });
  // Broken, twice refused, without content, impossible times.
  expect(summary.outcomes).toEqual({ completed: 1, failed: 5, cancelled: 1, dropped: 1 });
  expect(result(summary, 'request_latency')?.statistics.count).toBe(1);
  expect(result(summary, 'error_isl')?.statistics.count).toBe(7);
});

test('without failures there is no count of them, and a rate of zero', () => {
  const found = averages(storeOf([counted()]).summary());
  expect(found).toMatchObject({ request_error_rate: 0, completed_request_count: 1 });
  for (const tag of [
    'error_request_count',
    'cancelled_request_count',
    'context_overflow_count',
    'adj_request_latency',
  ])
    expect(found).not.toHaveProperty(tag);
});

test('when everything failed the valid count is 0, and there is no duration and no rate', () => {
  const found = averages(storeOf([counted({ error: { type: 'TimeoutError', message: 'x' } })]).summary());
  expect(found).toEqual({
    request_count: 0,
    error_isl: 8,
    error_request_count: 1,
    context_overflow_count: 0,
    completed_request_count: 1,
    request_error_rate: 100,
    total_error_isl: 8,
    effective_concurrency: 1,
  });
});

test('a store without records', () => {
  expect(storeOf([]).summary()).toMatchObject({
    results: [],
    errors: [],
    validCount: 0,
    firstStartNs: undefined,
  });
});

test('more records than a column starts with', () => {
  const records = Array.from({ length: 5000 }, (_, i) =>
    counted({ contentNs: Float64Array.of(i + 1, i + 3), endNs: i + 4 }, { output: 2 }),
  );
  const { results } = storeOf(records).summary();
  // 1 to 5000 ns: the mean is 2500.5 ns, p25 lies at rank .25 * 4999 = 1249.75, that is 1250.75 ns.
  const ttft = results.find(({ tag }) => tag === 'time_to_first_token')?.statistics;
  expect(ttft).toMatchObject({ count: 5000, avg: 2500.5 * 1e-6, p25: 1250.75 * 1e-6, max: 5000 * 1e-6 });
});

test('a summary can be sent between threads', () => {
  const summary = storeOf(fourRequests).summary();
  expect(structuredClone(summary)).toEqual(summary);
});
