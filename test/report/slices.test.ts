import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/metrics/compute.js';
import type { Slice, SlicedRun } from '../../src/metrics/slices.js';
import { trendsOf } from '../../src/metrics/trends.js';
import { sliceTable } from '../../src/report/slice-table.js';
import { trendLines } from '../../src/report/trend-lines.js';
import { fourRequests, storeOf } from '../metrics/records.js';

const layout = { width: 140, colours: false };

test('the table of the run of four requests, to the character', () => {
  const { sliced } = storeOf(fourRequests).summary(1e9);
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
  return { sliceNs: 2e9, slices, trends, steady };
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

test('trends in words, and the steady part beside the whole', () => {
  const lines = trendLines(summary, run(20, 2), layout);
  expect(lines.slice(0, 3)).toEqual([
    'Trends over 20 complete slices, by the medians of each:',
    '  Request Latency: warm-up in slices 0 to 1, over after 4.00 s: +98.5 % against the rest of the run (p < 0.0001).',
    expect.stringMatching(
      /^ {2}Request Latency: else steady, [+-]\d\.\d % over 34\.00 s \(95 %: -\d\.\d % to \+\d\.\d %\)\.$/,
    ),
  ]);
  expect(lines[3]?.trim()).toBe('AIPerf | Complete slices from 2 on, beside the whole run');
  expect(lines.at(-2)).toMatch(
    /│ Request Latency \(ms\) │ +111\.50 │ 101\.00 │ +101\.00 │ 101\.00 │ +150\.00 │ 101\.00 │ +202\.00 │ 101\.00 │/,
  );
});

test('too few slices, and no steady part', () => {
  expect(trendLines(summary, run(1, 0), layout)).toEqual([
    'Trends: cannot tell from 1 complete slice; 8 are needed.',
  ]);
  const toTheEnd = trendLines(summary, run(20, 10), layout);
  expect(toTheEnd[1]).toBe(
    // Means 200.9 and 101.0.
    '  Request Latency: -49.7 % from slice 10 to the end (p < 0.0001).',
  );
  expect(toTheEnd.at(-1)).toBe('  No part of the run that lasts to its end is steady.');
});
