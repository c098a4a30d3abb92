import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import { sliceSecondsForTrends } from '../../src/metrics/slice-ranges.js';
import type { SlicedRun } from '../../src/metrics/sliced-run.js';
import type { Slice } from '../../src/metrics/slices.js';
import { trendsOf } from '../../src/metrics/trends.js';
import { sliceTable } from '../../src/report/slice-table.js';
import { trendLines } from '../../src/report/trend-lines.js';
import { fourRequests, storeOf, streamingChat } from '../metrics/records.js';

const layout = { width: 140, colours: false };

test('the table of the run of four requests, to the character', () => {
  const { sliced } = storeOf(fourRequests, { ...streamingChat, sliceSeconds: 1 }).summary();
  if (sliced === undefined) throw new Error('no slices');
  const [, ...lines] = sliceTable(sliced, layout);
  // p90 of 100 and 150 is 145, of 200 and 330 it is 317; 12 tokens in a second, 1 token in 0.3305 s.
  expect(lines.join('\n')).toBe(`\
┏━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┓
┃ Slice ┃          Window (s) ┃     Requests ┃ TTFT avg (p90) (ms) ┃ Latency avg (p90) (ms) ┃ Tokens/s ┃
┡━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━┩
│     0 │         0.00 - 1.00 │            2 │     125.00 (145.00) │        265.00 (317.00) │    12.00 │
│     1 │ 1.00 - 1.33 partial │ 1 + 1 failed │       80.00 (80.00) │          80.00 (80.00) │     3.03 │
└───────┴─────────────────────┴──────────────┴─────────────────────┴────────────────────────┴──────────┘`);
});

/** Slices of 2 s whose latency is 100 ms, the first `slow` ones twice that. */
function run(count: number, slow: number): SlicedRun {
  const slices = Array.from({ length: count }, (_, index): Slice => {
    const value = (index < slow ? 200 : 100) + (index % 3);
    return {
      index,
      startNs: BigInt(index) * 2_000_000_000n,
      endNs: BigInt(index + 1) * 2_000_000_000n,
      isComplete: true,
      results: [
        {
          tag: 'request_latency',
          unit: 'ms',
          statistics: { avg: value, p50: value, p90: value, p99: value },
        },
      ],
    };
  });
  const trends = trendsOf(slices);
  const steady = trends.steadyFrom === undefined ? undefined : slices.at(-1)?.results;
  return { seconds: 2, slices, trends, steady };
}

const summary: RunSummary = {
  ...storeOf([]).summary(),
  results: [{ tag: 'request_latency', unit: 'ms', statistics: { avg: 111.5, p50: 101, p90: 150, p99: 202 } }],
};

test('many slices: the first and the last ones', () => {
  const lines = sliceTable(run(50, 0), layout);
  // Title, head of three lines, 20 + 1 + 20 rows, foot.
  expect(lines).toHaveLength(46);
  expect(lines[24]).toMatch(/│ +… │ +10 more │ +│/);
  expect(lines[25]).toMatch(/│ +30 │ +60\.00 - 62\.00 │/);
});

test('trends in words, and the steady part next to the whole run', () => {
  const lines = trendLines(summary, run(20, 2), { width: 200, colours: false });
  expect(lines.slice(0, 6)).toEqual([
    // 200, 201, 102, 100, 101, 102, …, 101; of the 19 behind the first: (201 + 102 + 6 * (100 + 101) + 5 * 102) / 19.
    'Over 20 complete slices, by the averages of each (variation: (max - min) / min):',
    '  Request Latency: 100.00 to 201.00 ms, variation 101.0 %; first slice 200.00, last slice 101.00 (-49.5 %).',
    expect.stringMatching(
      /^ {2}Cold start, first slice against the mean of the others: Request Latency \+88\.\d %\.$/,
    ),
    'Trends over 20 complete slices, by the medians of each:',
    '  Request Latency: warm-up in slices 0 to 1, until 4 s: +98.5 % against the rest of the run (p < 0.0001).',
    expect.stringMatching(
      /^ {2}Request Latency: otherwise no significant trend: [+-]\d\.\d % over 34 s \(95 % CI -\d\.\d % to \+\d\.\d %\)\.$/,
    ),
  ]);
  expect(lines[6]?.trim()).toBe('AIPerf | Steady state (complete slices from 2 on) and the whole run');
  expect(lines.slice(-3, -1)).toEqual([
    '│ Request Latency (ms) │ whole run    │ 111.50 │ 101.00 │ 150.00 │ 202.00 │',
    '│                      │ steady state │ 101.00 │ 101.00 │ 101.00 │ 101.00 │',
  ]);
});

/** Slices of ten seconds, the last one cut to five, with these averages of TTFT and of output tokens a second. */
function tenSeconds(ttfts: readonly number[], tokens: readonly number[]): SlicedRun {
  const slices = ttfts.map((avg, index): Slice => {
    const isComplete = index < ttfts.length - 1;
    return {
      index,
      startNs: BigInt(index) * 10_000_000_000n,
      endNs: BigInt(index) * 10_000_000_000n + (isComplete ? 10_000_000_000n : 5_000_000_000n),
      isComplete,
      results: [
        { tag: 'time_to_first_token', unit: 'ms', statistics: { avg, p50: avg } },
        { tag: 'output_token_throughput', unit: 'tokens/sec', statistics: { avg: tokens[index] ?? 0 } },
      ],
    };
  });
  return { seconds: 10, slices, trends: trendsOf(slices), steady: undefined };
}

test('a minute in slices of ten seconds, as in the walkthrough: described, and only the test of trends waits', () => {
  const sliced = tenSeconds(
    [500, 400, 350, 360, 390, 350, 9999],
    [10_000, 12_000, 12_500, 12_400, 12_100, 12_000, 1],
  );
  // (500 - 350) / 350 = 42.9 %; 350 / 500 = 0.7; the others are (400 + 350 + 360 + 390 + 350) / 5 = 370, 500 / 370 = 1.351;
  // of tokens 25 %, + 20 %, 61,000 / 5 = 12,200, 10 / 12.2 = 0.820. 65 s / 8 = 8.1 s.
  expect(trendLines(summary, sliced, { width: 200, colours: false })).toEqual([
    'Over 6 complete slices, by the averages of each (variation: (max - min) / min):',
    '  Time to First Token: 350.00 to 500.00 ms, variation 42.9 %; first slice 500.00, last slice 350.00 (-30.0 %).',
    '  Output Token Throughput: 10,000.00 to 12,500.00 tokens/sec, variation 25.0 %; first slice 10,000.00, last slice 12,000.00 (+20.0 %).',
    '  Cold start, first slice against the mean of the others: Time to First Token +35.1 %, Output Token Throughput -18.0 %.',
    '6 complete slices are too few for a trend test (8 needed); try --slice-duration 8.',
  ]);
});

test('the hint gives enough complete slices', () => {
  const { slices } = tenSeconds([1, 1, 1], [1, 1, 1]);
  // 25 s / 8 = 3.125 s: eight slices of 3 s and a last one of 1 s. 2.5 s / 8 = 0.3125 s, 5 ms / 8 is too short.
  expect(sliceSecondsForTrends(slices)).toBe(3);
  const [first] = slices;
  if (first === undefined) throw new Error('no slice');
  expect(sliceSecondsForTrends([{ ...first, endNs: 2_500_000_000n }])).toBe(0.31);
  expect(sliceSecondsForTrends([{ ...first, endNs: 5_000_000n }])).toBeUndefined();
});

test('too few slices to describe, and no steady part', () => {
  expect(trendLines(summary, run(1, 0), layout)).toEqual([
    '1 complete slice is too few for a trend test (8 needed); try --slice-duration 0.25.',
  ]);
  const toTheEnd = trendLines(summary, run(20, 10), layout);
  expect(toTheEnd[4]).toBe(
    // Means 200.9 and 101.0.
    '  Request Latency: -49.7 % from slice 10 to the end (p < 0.0001).',
  );
  expect(toTheEnd.at(-1)).toBe('  No steady state: no part of the run that lasts to its end is steady.');
});
