import { describe, expect, test } from 'vitest';
import { goodput } from '../../src/metrics/goodput-metrics.js';
import { compareBeyondNoise, type Estimate, estimate } from '../../src/metrics/noise.js';
import { requestLatency } from '../../src/metrics/request-metrics.js';
import type { Results } from '../../src/metrics/results.js';
import { outputTokenThroughput } from '../../src/metrics/run-metrics.js';
import type { Statistics } from '../../src/metrics/statistics.js';

/** A run with these statistics of these metrics. */
const run = (metrics: Readonly<Record<string, Statistics>>): Results =>
  Object.entries(metrics).map(([tag, statistics]) => ({ tag, unit: '', statistics }));

describe('how far a value may be off', () => {
  test('of a single run: the interval of its requests, at least 2 %', () => {
    // Student's t for 25 values and 95 %: 2.0639; 2.0639 * 20 / sqrt(25) = 8.2556.
    const wide = estimate([run({ request_latency: { avg: 100, std: 20, count: 25 } })], requestLatency, 0.95);
    expect(wide).toMatchObject({ mean: 100, ciLow: 100, ciHigh: 100 });
    expect(wide?.noise).toBeCloseTo(8.2556, 4);
    const narrow = run({ request_latency: { avg: 100, std: 20, count: 250_000 } });
    expect(estimate([narrow], requestLatency, 0.95)?.noise).toBe(2);
    // One request, or a metric of the run alone, has no spread.
    expect(estimate([run({ goodput: { avg: 50 } })], goodput, 0.95)?.noise).toBe(1);
  });

  test('the throughput of a run varies as the rate of its requests does', () => {
    const results = run({
      output_token_throughput: { avg: 1000 },
      e2e_output_token_throughput: { avg: 50, std: 10, count: 25 },
    });
    // 2.0639 * (10 / 50) / 5 = 8.2556 %.
    expect(estimate([results], outputTokenThroughput, 0.95)?.noise).toBeCloseTo(82.556, 3);
  });

  test('of repeats: the interval over the runs, whatever their requests', () => {
    const repeated = [90, 110].map((avg) => run({ goodput: { avg, std: 1, count: 9 } }));
    // t = 12.7062, standard error 10.
    const { mean, ciLow, ciHigh, noise } = estimate(repeated, goodput, 0.95) ?? {};
    expect([mean, ciLow, ciHigh, noise].map((value) => value?.toFixed(3))).toEqual([
      ...['100.000', '-27.062', '227.062', '127.062'],
    ]);
  });

  test('a metric that no run has', () => {
    expect(estimate([run({})], goodput, 0.95)).toBeUndefined();
  });
});

test.each([
  [100, 104, 2, 2, 0],
  [100, 104.1, 2, 2, -1],
  [104.1, 100, 2, 2, 1],
  [100, 100, 0, 0, 0],
  [100, 110, 0.1, 10, 0],
] as const)('%d and %d with noise of %d and %d: %d', (a, b, noiseA, noiseB, sign) => {
  const of = (mean: number, noise: number): Estimate => ({ mean, ciLow: mean, ciHigh: mean, noise });
  expect(compareBeyondNoise(of(a, noiseA), of(b, noiseB))).toBe(sign);
});
