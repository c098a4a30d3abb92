import { expect, test } from 'vitest';
import type { RunSummary } from '../../../src/metrics/compute.js';
import { compare, comparisonTable, comparisonWords } from '../../../src/report/page/comparison.js';
import type { ReportedRun } from '../../../src/report/page/run.js';
import { fourRequests, storeOf } from '../../metrics/records.js';
import { chatConfig, reportedRun } from './runs.js';

/** A run of so many streams that reached these rates of output tokens, nothing failed. */
function run(streams: number, tokens: number, perUser: number) {
  const four = storeOf(fourRequests.slice(0, 3)).summary();
  const summary: RunSummary = {
    ...four,
    results: [
      { tag: 'output_token_throughput', unit: 'tokens/sec', statistics: { avg: tokens } },
      { tag: 'output_token_throughput_per_user', unit: 'tokens/sec/user', statistics: { avg: perUser } },
    ],
  };
  const [phase] = chatConfig.phases;
  const inputConfig = { ...chatConfig, phases: [{ ...phase, concurrency: streams }] };
  return reportedRun(summary, { name: `concurrency_${streams}`, inputConfig });
}

// 8 streams give each user less than 4 do, and the server no more than 4.
const runs = [run(1, 100, 100), run(2, 190, 95), run(4, 320, 80), run(8, 320, 40)];

test('the words: frontier, choice, failures', () => {
  expect(comparisonWords(compare(runs, 0.95)).map(({ topic, sentences }) => [topic, ...sentences])).toEqual([
    ['Compared', '4 runs with 12 requests, to m.'],
    [
      'Frontier',
      'No other run gives both more output tokens/s and more for each user than concurrency_4, concurrency_2, concurrency_1; concurrency_8 is beaten by concurrency_4.',
      'More load stops to pay at concurrency_4 (Kneedle).',
    ],
    [
      'To choose',
      'Fastest for a user: concurrency_1 (100 output tokens/s, 100 for each user).',
      'Balanced: concurrency_4 (320 output tokens/s, 80.0 for each user).',
      'Most for the money: concurrency_4 (320 output tokens/s, 80.0 for each user).',
    ],
    ['Failures', 'Every request of every run succeeded.'],
  ]);
});

test('throughput is shown per GPU where all runs say the same number', () => {
  const on = (gpus: number) => {
    const { inputConfig, ...rest } = run(1, 100, 100);
    return { ...rest, inputConfig: { ...inputConfig, endpoint: { num_gpus: gpus } } };
  };
  expect(compare([on(2), on(2)], 0.95).gpus).toBe(2);
  expect(compare([on(2), on(4)], 0.95).gpus).toBeUndefined();
  expect(compare([on(2), run(1, 100, 100)], 0.95).gpus).toBeUndefined();
});

test('the load is the rate where there is one: streams are its ceiling', () => {
  const at = (rate: number) =>
    reportedRun(storeOf(fourRequests).summary(), {
      name: `rate_${rate}.0`,
      inputConfig: { phases: [{ name: 'profiling', rate, concurrency: 50 }] },
    });
  expect(compare([at(1), at(2), at(4)], 0.95).points.map(({ load }) => load)).toEqual([1, 2, 4]);
});

/** A run of which this share of all requests was good. */
function withGoodShare(one: ReportedRun, share: number): ReportedRun {
  const good = { tag: 'good_request_fraction', unit: 'ratio', statistics: { avg: share } } as const;
  const { summary } = one;
  const slo = {
    tag: 'request_latency',
    limit: 100,
    label: 'Request Latency',
    unit: 'ms',
    largerIsBetter: false,
  };
  return {
    ...one,
    summary: { ...summary, slos: [{ ...slo, passed: 3, measured: 3 }], results: [...summary.results, good] },
  };
}

test('only runs that keep the objectives are recommended', () => {
  const choice = (shares: readonly number[]) => {
    const held = runs.map((one, i) => withGoodShare(one, shares[i] ?? 0));
    const compared = compare(held, 0.9);
    expect(compared.hasObjectives).toBe(true);
    return comparisonWords(compared).find(({ topic }) => topic === 'To choose')?.sentences;
  };
  // Without the run of 4, that of 2 gives the most; 90 % itself is enough.
  expect(choice([1, 0.9, 0.5, 0.1])).toEqual([
    'Only runs where 90.0 % of all requests keep every objective: without concurrency_4 (50.0 %), concurrency_8 (10.0 %).',
    'Fastest for a user: concurrency_1 (100 output tokens/s, 100 for each user).',
    'Balanced: concurrency_2 (190 output tokens/s, 95.0 for each user).',
    'Most for the money: concurrency_2 (190 output tokens/s, 95.0 for each user).',
  ]);
  expect(choice([0.8, 0.867, 0.5, 0.1])).toEqual([
    'None: in no run 90.0 % of all requests keep every objective; nearest is concurrency_2 with 86.7 %.',
  ]);
});

test('failures are told run by run', () => {
  const failing = reportedRun(storeOf(fourRequests).summary(), { name: 'late' });
  const { Failures: failures } = Object.fromEntries(
    comparisonWords(compare([run(1, 100, 100), failing], 0.95)).map(({ topic, sentences }) => [
      topic,
      sentences,
    ]),
  );
  expect(failures).toEqual(['late: 1 of 4 requests failed (25.0 %).']);
});

test('the table has a row and a link for each run, and marks the frontier', () => {
  const text = comparisonTable(compare(runs, 0.95), (index) => `#run-${index + 1}`).toString();
  const rows = [...text.matchAll(/<tr><th scope="row">(.*?)<\/tr>/g)].map(([, row = '']) =>
    row.split(/<\/t[hd]>(?:<td>)?/).slice(0, 8),
  );
  expect(rows).toEqual([
    ['<a href="#run-1">concurrency_1</a>', '●', '1 in flight', '3', '0', '', '100', '100'],
    ['<a href="#run-2">concurrency_2</a>', '●', '2 in flight', '3', '0', '', '190', '95.0'],
    ['<a href="#run-3">concurrency_4</a>', '● knee', '4 in flight', '3', '0', '', '320', '80.0'],
    ['<a href="#run-4">concurrency_8</a>', '', '8 in flight', '3', '0', '', '320', '40.0'],
  ]);
});
