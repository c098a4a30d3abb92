import { expect, test } from 'vitest';
import { timeslicesCsv, timeslicesJson } from '../../src/export/timeslices.js';
import type { Slice } from '../../src/metrics/slices.js';
import type { CountedRecord } from '../../src/records/record.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from '../metrics/records.js';

function slicesOf(records: readonly CountedRecord[], seconds: number): readonly Slice[] {
  return storeOf(records, { ...streamingChat, sliceSeconds: seconds }).summary().sliced?.slices ?? [];
}

/** Requests of 21 ms that start at these times. */
function at(...startsMs: readonly number[]): CountedRecord[] {
  return startsMs.map((startMs) =>
    counted({
      startNs: ms(startMs),
      contentNs: Float64Array.of(ms(startMs + 10), ms(startMs + 20)),
      endNs: ms(startMs + 21),
    }),
  );
}

test('CSV of the run of four requests: the rows that its contract lists', () => {
  const slices = slicesOf(fourRequests, 1);
  const rows = timeslicesCsv(slices).split('\r\n');
  expect(rows.at(-1)).toBe('');
  const shown =
    /^Timeslice|,(Benchmark Duration|Error Request Count|Request Count|Request Throughput|Time to First Token),/;
  const first = '0,1767225600000000000,1767225601000000000';
  const second = '1,1767225601000000000,1767225601330500000';
  const wanted = rows.filter((row) => shown.test(row) && !/,(p5|p10|p25|p75|p90|p95),/.test(row));
  expect(wanted.filter((row) => !(row.startsWith('1,') && row.includes('Token')))).toEqual([
    'Timeslice,Start_NS,End_NS,Metric,Unit,Stat,Value',
    `${first},Benchmark Duration,sec,avg,0.38`,
    `${first},Request Count,requests,avg,2.00`,
    `${first},Request Throughput,requests/sec,avg,2.00`,
    `${first},Time to First Token,ms,avg,125.00`,
    `${first},Time to First Token,ms,min,100.00`,
    `${first},Time to First Token,ms,max,150.00`,
    `${first},Time to First Token,ms,sum,250.00`,
    `${first},Time to First Token,ms,p1,100.50`,
    `${first},Time to First Token,ms,p50,125.00`,
    `${first},Time to First Token,ms,p99,149.50`,
    `${first},Time to First Token,ms,std,25.00`,
    `${second},Benchmark Duration,sec,avg,0.08`,
    `${second},Error Request Count,requests,avg,1.00`,
    `${second},Request Count,requests,avg,1.00`,
    `${second},Request Throughput,requests/sec,avg,3.03`,
  ]);
});

test('CSV of a slice, to the character: metrics by tag, statistics in their order', () => {
  const [row] = at(0);
  const csv = timeslicesCsv(slicesOf([row ?? counted(), ...at(1500)], 1));
  const window = '0,1767225600000000000,1767225601000000000';
  const rows = csv.split('\r\n').filter((line) => !/,(Active|Effective) /.test(line));
  expect(rows.slice(1, 28)).toEqual(
    [
      'Benchmark Duration,sec,avg,0.02',
      'Completed Requests (Success + Error),requests,avg,1.00',
      ...spread('Decode Duration,ms', 10),
      // Two tokens in 20 ms.
      ...spread('E2E Latency per Output Token,ms', 10),
      ...spread('E2E Output Token Throughput,tokens/sec/user', 100),
    ]
      .map((text) => `${window},${text}`)
      .slice(0, 27),
  );

  function spread(name: string, value: number): string[] {
    const stats = ['avg', 'min', 'max', 'sum', 'p1', 'p5', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99'];
    return [...stats.map((stat) => `${name},${stat},${value}.00`), `${name},std,0.00`];
  }
});

test('JSON of the run of four requests', () => {
  const text = timeslicesJson(slicesOf(fourRequests, 1), { a: 1 });
  expect(text.slice(0, 130)).toBe(`{
  "timeslices": [
    {
      "timeslice_index": 0,
      "start_ns": 1767225600000000000,
      "end_ns": 1767225601000000000,
`);
  expect(text).toContain(`
      "timeslice_index": 1,
      "start_ns": 1767225601000000000,
      "end_ns": 1767225601330500000,
      "is_complete": false,
`);
  expect(text).toContain(`
      "request_throughput": {
        "unit": "requests/sec",
        "avg": 3.02571860816944
      },`);
  expect(text.endsWith('\n  ],\n  "input_config": {\n    "a": 1\n  }\n}')).toBe(true);
  const { timeslices } = JSON.parse(text);
  expect(timeslices[0]).toMatchObject({
    request_count: { unit: 'requests', avg: 2 },
    request_throughput: { unit: 'requests/sec', avg: 2 },
    // 5 + 7 tokens in a second, whatever of it the requests filled.
    output_token_throughput: { unit: 'tokens/sec', avg: 12 },
    request_error_rate: { unit: '%', avg: 0 },
    inter_chunk_latency: { count: 7, sum: 280, avg: 40 },
  });
  expect(timeslices[0].is_complete).toBeUndefined();
  // One valid request of 1 token and 80 ms, one failed one: its error-adjusted median is the failure.
  expect(timeslices[1]).toMatchObject({
    error_isl: { avg: 64, count: 1 },
    request_error_rate: { avg: 50 },
    adj_request_latency: { min: 80, p25: 80, count: 2 },
  });
  expect(Object.keys(timeslices[0]).filter((tag) => /^credit_to_start|latency.*due/.test(tag))).toEqual([]);
  expect(timeslices[0].effective_latency).toBeUndefined();
  // The first second: 201 ms and 332 ms of requests; the rest of the run: 80.5 ms and the failed 30 ms.
  expect(timeslices[0].effective_concurrency).toMatchObject({ avg: 0.533, min: 0, max: 2, p50: 0 });
  expect(timeslices[1].effective_concurrency.avg).toBeCloseTo(110.5 / 330.5, 12);
});

test('the grid: half-open windows from the first start, empty ones left out, the last one clipped', () => {
  // The first start is the second record's; 1000 ms is 1 s after it to the nanosecond.
  const slices = slicesOf(at(1001, 1, 1000.999999, 5001, 1), 1);
  const bounds = slices.map(({ index, startNs, endNs, isComplete, results }) => [
    index,
    Number(startNs - 1_767_225_600_000_000_000n) / 1e6,
    Number(endNs - 1_767_225_600_000_000_000n) / 1e6,
    isComplete,
    results.find(({ tag }) => tag === 'request_count')?.statistics.avg,
  ]);
  expect(bounds).toEqual([
    [0, 1, 1001, true, 3],
    [1, 1001, 2001, true, 1],
    [2, 5001, 5022, false, 1],
  ]);
  // A run that ends with its window: the next window is empty, and all are complete.
  expect(slicesOf(at(0, 979), 1).map(({ isComplete }) => isComplete)).toEqual([true]);
  expect(slicesOf(at(0, 979), 0.5).map(({ index, isComplete }) => [index, isComplete])).toEqual([
    [0, true],
    [1, true],
  ]);
});

test('goodput is over the window', () => {
  const traits = { ...streamingChat, sliceSeconds: 1, slos: [{ tag: 'time_to_first_token', limit: 120 }] };
  const slices = storeOf(fourRequests, traits).summary().sliced?.slices ?? [];
  const values = slices.map(({ results }) =>
    ['good_request_count', 'goodput', 'good_request_fraction'].map(
      (name) => results.find(({ tag }) => tag === name)?.statistics.avg,
    ),
  );
  expect(values).toEqual([
    [1, 1, 0.5],
    [1, 3.02571860816944, 0.5],
  ]);
});

test('no request, no slices', () => {
  expect(storeOf([], { ...streamingChat, sliceSeconds: 1 }).summary().sliced).toBeUndefined();
  expect(storeOf(fourRequests).summary().sliced).toBeUndefined();
});
