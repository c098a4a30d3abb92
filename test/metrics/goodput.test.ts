import { expect, test } from 'vitest';
import { summaryCsv } from '../../src/export/summary-csv.js';
import { summaryJson } from '../../src/export/summary-json.js';
import type { Slo } from '../../src/metrics/metric.js';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import type { CountedRecord } from '../../src/records/record.js';
import { capacity } from '../../src/report/capacity.js';
import { report } from '../../src/report/report.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from './records.js';

const layout = { width: 140, colours: false };

function summaryOf(records: readonly CountedRecord[], ...slos: readonly [tag: string, limit: number][]) {
  return storeOf(records, traits(slos)).summary();
}

function traits(slos: readonly (readonly [string, number])[]) {
  return { ...streamingChat, slos: slos.map(([tag, limit]): Slo => ({ tag, limit })) };
}

function averages(summary: RunSummary) {
  const shown = summary.results.filter(({ tag }) => /^good/.test(tag));
  return Object.fromEntries(shown.map(({ tag, statistics }) => [tag, statistics]));
}

const both = [
  ['time_to_first_token', 120],
  ['request_latency', 250],
] as const satisfies readonly (readonly [string, number])[];

test('the run of four requests: 100/200 and 80/80 ms are good, 150/330 is not, the failed one is not', () => {
  const summary = summaryOf(fourRequests, ...both.map(([tag, limit]): [string, number] => [tag, limit]));
  expect(averages(summary)).toEqual({
    good_request_count: { avg: 2 },
    goodput: { avg: 2 / 1.33 },
    good_request_fraction: { avg: 0.5 },
  });
  expect(summary.slos).toEqual([
    {
      ...{ tag: 'time_to_first_token', label: 'Time to First Token', unit: 'ms', largerIsBetter: false },
      ...{ limit: 120, passed: 2, measured: 3 },
    },
    {
      ...{ tag: 'request_latency', label: 'Request Latency', unit: 'ms', largerIsBetter: false },
      ...{ limit: 250, passed: 2, measured: 3 },
    },
  ]);
  const shown = fourRequests.map((record) => {
    const values = storeOf([], traits(both)).add(record);
    return values.find(([tag]) => tag === 'good_request_count')?.[1];
  });
  expect(shown).toEqual([1, 0, 1, undefined]);
});

test('table, CSV and JSON', () => {
  const summary = summaryOf(fourRequests, ['time_to_first_token', 120], ['request_latency', 330]);
  const text = report(summary, { title: 'LLM Metrics' }, layout);
  expect(text).toMatch(
    /Request Throughput \(requests\/sec\) │ +2\.26 │.*\n│ +Goodput \(requests\/sec\) │ +1\.50 │ +N\/A │.*\n│ +Completed Requests/,
  );
  expect(text).toContain(`
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┓
┃                       Objective ┃ Requests meeting the SLO ┃ % of successful ┃ % of all ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━┩
│ Time to First Token ≤ 120.00 ms │                        2 │         66.67 % │  50.00 % │
│     Request Latency ≤ 330.00 ms │                        3 │        100.00 % │  75.00 % │
│    all SLOs met (good requests) │                        2 │         66.67 % │  50.00 % │
└─────────────────────────────────┴──────────────────────────┴─────────────────┴──────────┘
`);
  expect(text).toMatch(/\n +AIPerf \| SLO +\n/);
  const csv = summaryCsv(summary.results);
  expect(csv).toContain(
    '\r\nGood Request Count,2.00\r\nGoodRequestFraction (ratio),0.50\r\nGoodput (requests/sec),1.50\r\nInput Token',
  );
  const json = summaryJson(summary, {
    ...{ version: '0', benchmarkId: '0', inputConfig: {}, wasCancelled: false },
    ...{ startedAtNs: 0n, endedAtNs: 0n },
  });
  expect(JSON.parse(json)).toMatchObject({
    goodput: { unit: 'requests/sec', avg: 2 / 1.33 },
    good_request_count: { unit: 'requests', avg: 2 },
    good_request_fraction: { unit: 'ratio', avg: 0.5 },
    slo_attainment: {
      time_to_first_token: {
        ...{ unit: 'ms', limit: 120, comparison: '<=', passed_count: 2 },
        ...{ fraction_of_valid: 2 / 3, fraction_of_attempts: 0.5 },
      },
    },
  });
  const keys = Object.keys(JSON.parse(json));
  expect(keys.slice(keys.indexOf('input_sequence_length'), keys.indexOf('output_token_count'))).toEqual([
    'input_sequence_length',
    'goodput',
    'good_request_count',
  ]);
});

test('without objectives there is nothing of it anywhere', () => {
  const summary = storeOf(fourRequests).summary();
  expect(averages(summary)).toEqual({});
  expect(summary.slos).toEqual([]);
  expect(report(summary, { title: 'LLM Metrics' }, layout)).not.toMatch(/SLO|Goodput/);
});

test('equality passes in every unit, one nanosecond more does not', () => {
  // 0.29 ms and 1.1 ms have no exact double; times in ns do.
  for (const limit of [0.29, 1.1, 7.7, 100, 370, 4503.6]) {
    const at = (moreNs: number) => {
      const lastNs = ms(limit) + moreNs;
      const record = counted({ contentNs: Float64Array.of(lastNs), endNs: lastNs + 1 });
      return summaryOf([record], ['request_latency', limit]).slos[0]?.passed;
    };
    expect([limit, at(0), at(1)]).toEqual([limit, 1, 0]);
  }
});

test('where larger is better a value must be at least the limit', () => {
  // 5 tokens in 200 ms, 7 in 330 ms, 1 in 80 ms: 25, 21.2 and 12.5 tokens a second.
  const passed = (limit: number) =>
    summaryOf(fourRequests, ['e2e_output_token_throughput', limit]).slos[0]?.passed;
  expect([passed(25), passed(25.01), passed(21), passed(12.5)]).toEqual([1, 0, 2, 3]);
  const text = report(summaryOf(fourRequests, ['e2e_output_token_throughput', 21]), { title: 't' }, layout);
  expect(text).toContain('E2E Output Token Throughput ≥ 21.00 tokens/sec/user');
});

test('a request without the value of an objective is not good', () => {
  // The one-token answer has no inter token latency: 2 of 3 are judged, both within 30 ms.
  expect(averages(summaryOf(fourRequests, ['inter_token_latency', 30]))).toEqual({
    good_request_count: { avg: 2 },
    goodput: { avg: 2 / 1.33 },
    good_request_fraction: { avg: 0.5 },
  });
  // Nobody meets it: zero, which is a result.
  expect(averages(summaryOf(fourRequests, ['request_latency', 1]))).toEqual({
    good_request_count: { avg: 0 },
    goodput: { avg: 0 },
    good_request_fraction: { avg: 0 },
  });
  // Nobody has it: only the fraction stands.
  expect(averages(summaryOf(fourRequests.slice(2), ['inter_token_latency', 30]))).toEqual({
    good_request_fraction: { avg: 0 },
  });
});

/** 1690 valid requests in 63.37 s, 471 of which keep 370 and 648 ms to the nanosecond, and 75 failures. */
function foundingRun(): CountedRecord[] {
  const request = (startMs: number, ttftMs: number, latencyMs: number) =>
    counted({
      startNs: ms(startMs),
      contentNs: Float64Array.of(ms(startMs + ttftMs), ms(startMs + latencyMs)),
      endNs: ms(startMs + latencyMs + 1),
    });
  return [
    ...Array.from({ length: 470 }, (_, i) => request(i * 100, 370, 648)),
    request(63_370 - 648, 370, 648),
    ...Array.from({ length: 1000 }, (_, i) => request(i * 10, 371, 648)),
    ...Array.from({ length: 219 }, (_, i) => request(i * 10, 370, 649)),
    ...Array.from({ length: 75 }, () =>
      counted({ contentNs: new Float64Array(), error: { type: 'E', message: 'm' } }),
    ),
  ];
}

test('471 good of 1690 in 63.37 s: goodput 7.43 beside 26.67 requests/s, and what 1,000 requests/s need', () => {
  const slos: [string, number][] = [
    ['time_to_first_token', 370],
    ['request_latency', 648],
  ];
  const summary = summaryOf(foundingRun(), ...slos);
  expect(averages(summary)).toEqual({
    good_request_count: { avg: 471 },
    goodput: { avg: expect.closeTo(471 / 63.37, 12) },
    good_request_fraction: { avg: 471 / 1765 },
  });
  const text = report(summary, { title: 'LLM Metrics' }, layout);
  expect(text).toMatch(/Request Throughput \(requests\/sec\) │ +26\.67 │/);
  expect(text).toMatch(/Goodput \(requests\/sec\) │ +7\.43 │/);
  expect(text).toMatch(/Time to First Token ≤ 370\.00 ms │ +690 │ +40\.83 % │ +39\.09 % │/);
  expect(text).toMatch(/Request Latency ≤ 648\.00 ms │ +1,471 │ +87\.04 % │ +83\.34 % │/);
  expect(text).toMatch(/all SLOs met \(good requests\) │ +471 │ +27\.87 % │ +26\.69 % │/);

  // 1000 / (1690 / 63.37) = 37.497, 1000 / (471 / 63.37) = 134.54.
  expect(capacity(summary, { ratePerSecond: 1000, goodShare: 0.95 }, { ...layout, width: 300 })).toBe(`
Servers needed for 1,000 requests a second, each like this one under the load of this run:
By throughput: 1,000 / 26.67 requests a second each = 37.50, so 38 servers.
By goodput: 1,000 / 7.43 good requests a second each = 134.54, so 135 servers.
Meeting the SLOs takes 3.6× more servers than throughput alone suggests.
Good share: 471 of 1,765 requests = 26.69 %; the target is 95.00 %: not met. No number of servers meets it under this load; find the load at which one server does, and use its throughput.
`);
  // 4.0004 servers are 4.00.
  expect(capacity(summary, { ratePerSecond: 106.69 }, { ...layout, width: 300 })).toContain(
    'By throughput: 106.69 / 26.67 requests a second each = 4.00, so 4 servers.\n',
  );
  expect(capacity(summary, { ratePerSecond: 20, goodShare: 0.25 }, layout)).toBe(`
Servers needed for 20 requests a second, each like this one under the load of this run:
By throughput: 20 / 26.67 requests a second each = 0.75, so 1 server.
By goodput: 20 / 7.43 good requests a second each = 2.69, so 3 servers.
Meeting the SLOs takes 3.6× more servers than throughput alone suggests.
Good share: 471 of 1,765 requests = 26.69 %; the target is 25.00 %: met.
`);
});
