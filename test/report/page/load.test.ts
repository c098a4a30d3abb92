import { expect, test } from 'vitest';
import { loadWords } from '../../../src/report/page/load.js';

test.each([
  [{ concurrency: 1000 }, '1,000 in flight'],
  [{ rate: 1, arrival_pattern: 'poisson' }, '1 request a second (poisson)'],
  [{ type: 'gamma', rate: 2.5, concurrency: 50 }, '2.5 requests a second (gamma), at most 50 in flight'],
  [{ type: 'user_centric', users: 30, rate: 4 }, '30 users sending 4.00 requests/s in total'],
  [{ type: 'fixed_schedule' }, 'at the timestamps of trace.jsonl'],
  [{ type: 'fixed_schedule', concurrency: 9 }, 'at the timestamps of trace.jsonl, at most 9 in flight'],
  [{}, undefined],
])('%j: %s', (phase, words) => {
  const datasets = [{ type: 'file', path: '/data/trace.jsonl', format: 'mooncake_trace' }];
  const { load } = loadWords({ datasets, phases: [{ name: 'warmup', concurrency: 7 }, { name: 'profiling', ...phase }] }); // biome-ignore format: one line
  expect(load).toBe(words);
});

test('what was sent, what warmed it up, and when it ends', () => {
  const { rows } = loadWords({
    datasets: [{ type: 'synthetic', prompts: { isl: { mean: 550, stddev: 50 }, osl: { mean: 128 } } }],
    phases: [
      { name: 'warmup', concurrency: 7, requests: 1 },
      { name: 'profiling', concurrency: 8, sessions: 20, duration: 300 },
    ],
    runtime: { workers: 2 },
  });
  expect(rows).toEqual([
    ['Load', '8 in flight'],
    ['Ends after', '20 conversations or 5 min 0 s'],
    ['Warm-up', '7 in flight; 1 request'],
    ['Dataset', 'synthetic: prompts of 550 ± 50 tokens, answers of 128 tokens'],
    ['Load threads', '2'],
  ]);
});
