import { describe, expect, test } from 'vitest';
import { simulatedTrends } from '../../src/build/simulated-run.js';
import type { Slice } from '../../src/metrics/slices.js';
import { lineResidual, monotoneTrend, rankCorrelation, standingOut } from '../../src/metrics/trend-tests.js';
import { type Finding, trendsOf } from '../../src/metrics/trends.js';
import { randomStream } from '../../src/util/random.js';

describe('the tests', () => {
  test('a stretch that stands out: the t-test of its mean against the rest, over all tries', () => {
    // Means 5 and 1; residuals ±0.1, their sum of squares 0.1, s^2 = 0.1 / 8; neighbours are not alike.
    const values = [5.1, 4.9, 1.1, 0.9, 0.9, 1.1, 0.9, 1.1, 1.1, 0.9];
    const found = standingOut(values);
    expect(found).toMatchObject({ from: 0, to: 2 });
    expect(found?.shift).toBeCloseTo(4, 12);
    expect(found?.residual).toBeCloseTo(0.1, 12);
    // t = 4 / sqrt(0.0125 * (1 / 2 + 1 / 8)) = 45.25 with 8 degrees of freedom: two-sided 6.2e-11, five tries.
    expect((found?.p ?? 0) / 3.1e-10).toBeCloseTo(1, 1);
    expect(standingOut([1, 2, 3])).toBeUndefined();
    expect(standingOut([1, 1, 1, 1, 1])?.p).toBe(1);
    expect(standingOut([1, 1, 9, 9, 1, 1, 1, 1])).toMatchObject({ from: 2, to: 4, shift: 8, p: 0 });
  });

  test('Mann-Kendall and Theil-Sen', () => {
    const times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const rising = monotoneTrend(
      times,
      times.map((t) => 3 * t + 1),
    );
    // S = 45, variance 10 * 9 * 25 / 18 = 125, z = 44 / sqrt(125) = 3.935.
    expect(rising).toMatchObject({ slope: 3, low: 3, high: 3 });
    expect(rising.p).toBeCloseTo(8.3e-5, 6);
    // The one outlier changes neither sign nor median.
    const robust = monotoneTrend(
      times,
      times.map((t) => (t === 4 ? 1000 : -t)),
    );
    expect(robust.slope).toBe(-1);
    const flat = monotoneTrend(times, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    expect(flat.p).toBeGreaterThan(0.2);
    expect(flat.low).toBeLessThanOrEqual(0);
    expect(flat.high).toBeGreaterThanOrEqual(0);
  });

  test('rank correlation', () => {
    // d = 1, 1, 0, 0, 0: 1 - 6 * 2 / (5 * 24).
    expect(rankCorrelation([1, 2, 3, 4, 5], [20, 10, 30, 40, 50]).rho).toBeCloseTo(0.9, 12);
    expect(rankCorrelation([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])).toMatchObject({ rho: -1, p: 1 });
    expect(rankCorrelation([7, 7, 7], [1, 2, 3])).toEqual({ rho: 0, p: 1 });
  });

  test('what a line leaves', () => {
    expect(lineResidual([0, 1, 2, 3], [1, 3, 5, 7])).toBeCloseTo(0, 12);
    // Slope 0: 1, 3, 3, 1 about their mean.
    expect(lineResidual([0, 1, 2, 3], [1, 3, 3, 1])).toBeCloseTo(4, 12);
  });
});

/** Slices of a second with these medians of both metrics. */
function slicesOf(medians: readonly number[], requests: (i: number) => number = () => 10): Slice[] {
  const single = (tag: string, avg: number) => ({ tag, unit: 'requests' as const, statistics: { avg } });
  return medians.map((p50, index) => ({
    index,
    startNs: BigInt(index) * 1_000_000_000n,
    endNs: BigInt(index + 1) * 1_000_000_000n,
    isComplete: true,
    results: [
      { tag: 'request_latency', unit: 'ms', statistics: { p50 } },
      single('completed_request_count', requests(index)),
    ],
  }));
}

/** `count` medians of 100 ms with noise of 2 %, each times `factor`. */
function noisy(count: number, factor: (i: number) => number): number[] {
  const random = randomStream(7, 'trends');
  return Array.from({ length: count }, (_, i) => 100 * factor(i) * Math.exp(random.normal(0, 0.02)));
}

function findings(slices: readonly Slice[]): readonly Finding[] | undefined {
  return trendsOf(slices).metrics[0]?.findings;
}

describe('words for a run', () => {
  test('steady', () => {
    const trends = trendsOf(slicesOf(noisy(20, () => 1)));
    expect(trends).toMatchObject({ completeSlices: 20, steadyFrom: 0 });
    expect(trends.metrics).toMatchObject([{ tag: 'request_latency', slices: 20, findings: [] }]);
    const drift = trends.metrics[0]?.drift;
    expect(drift?.seconds).toBe(19);
    expect(drift?.low).toBeLessThan(0);
    expect(drift?.high).toBeGreaterThan(0);
  });

  test('a warm-up of three slices at twice the time', () => {
    const slices = slicesOf(noisy(20, (i) => (i < 3 ? 2 : 1)));
    const [warmUp, ...rest] = findings(slices) ?? [];
    expect(rest).toEqual([]);
    expect(warmUp).toMatchObject({ kind: 'warm-up', slices: { first: 0, last: 2 }, endSeconds: 3 });
    expect(warmUp?.kind === 'warm-up' && warmUp.change).toBeCloseTo(1, 1);
    expect(trendsOf(slices).steadyFrom).toBe(3);
  });

  test('a warm-up in two steps is one', () => {
    const [warmUp] = findings(slicesOf(noisy(24, (i) => (i < 2 ? 4 : i < 4 ? 1.6 : 1)))) ?? [];
    expect(warmUp).toMatchObject({ kind: 'warm-up', slices: { first: 0, last: 3 } });
  });

  test('a slow stretch from which it recovers, and one from which it does not', () => {
    const within = slicesOf(noisy(20, (i) => (i >= 9 && i < 12 ? 1.5 : 1)));
    expect(findings(within)).toMatchObject([
      { kind: 'stretch', slices: { first: 9, last: 11 }, recovered: true },
    ]);
    expect(trendsOf(within).steadyFrom).toBe(0);
    const toTheEnd = slicesOf(noisy(20, (i) => (i >= 14 ? 1.5 : 1)));
    const [stretch] = findings(toTheEnd) ?? [];
    expect(stretch).toMatchObject({ kind: 'stretch', slices: { first: 14, last: 19 }, recovered: false });
    expect(stretch?.kind === 'stretch' && stretch.change).toBeCloseTo(0.5, 1);
    expect(trendsOf(toTheEnd).steadyFrom).toBeUndefined();
    // A change in the middle is no warm-up of half the run.
    expect(findings(slicesOf(noisy(20, (i) => (i >= 10 ? 1.5 : 1))))).toMatchObject([
      { kind: 'stretch', slices: { first: 10, last: 19 }, recovered: false },
    ]);
  });

  test('a drift', () => {
    const trends = trendsOf(slicesOf(noisy(30, (i) => 1 + (i / 29) * 0.5)));
    expect(trends.metrics[0]?.findings).toMatchObject([{ kind: 'drift' }]);
    expect(trends.metrics[0]?.drift?.change).toBeCloseTo(0.5, 1);
    expect(trends.steadyFrom).toBeUndefined();
  });

  test('dependence on the load', () => {
    const requests = (i: number) => 10 + ((i * 7) % 11);
    const slices = slicesOf(
      noisy(30, (i) => requests(i) / 15),
      requests,
    );
    const found = findings(slices);
    expect(found).toMatchObject([{ kind: 'load' }]);
    expect(found?.[0]?.kind === 'load' && found[0].rho).toBeGreaterThan(0.95);
  });

  test('too little to tell, and partial slices left out', () => {
    const seven = slicesOf(noisy(7, (i) => (i < 2 ? 2 : 1)));
    expect(trendsOf(seven)).toMatchObject({ completeSlices: 7, steadyFrom: undefined });
    expect(findings(seven)).toBeUndefined();
    const eight = slicesOf(noisy(8, () => 1));
    expect(findings(eight)).toEqual([]);
    const partial = eight.map((slice) => ({ ...slice, isComplete: slice.index < 7 }));
    expect(trendsOf(partial).completeSlices).toBe(7);
    expect(findings(partial)).toBeUndefined();
    expect(trendsOf([])).toEqual({ completeSlices: 0, metrics: [], steadyFrom: undefined });
  });

  test('thousands of slices', () => {
    const slices = slicesOf(noisy(2500, (i) => (i < 300 ? 2 : 1)));
    expect(findings(slices)).toMatchObject([{ kind: 'warm-up', slices: { first: 0, last: 299 } }]);
  });
});

test('simulated runs: steady ones raise no alarm, cold starts are found', () => {
  // `npm run check:trends` has many more.
  const seeds = Array.from({ length: 6 }, (_, i) => i + 1);
  const steady = seeds.map((seed) => simulatedTrends(seed, { seconds: 20, coldSeconds: 0 }));
  expect(steady.flatMap((trends) => trends?.metrics.flatMap((metric) => metric.findings))).toEqual([]);
  const ends = seeds.map((seed) => {
    const trends = simulatedTrends(seed + 100, { seconds: 20, coldSeconds: 2 });
    const ttft = trends?.metrics.find(({ tag }) => tag === 'time_to_first_token');
    const warmUp = ttft?.findings?.find(({ kind }) => kind === 'warm-up');
    return warmUp?.kind === 'warm-up' ? warmUp.slices.last : undefined;
  });
  expect(ends).toEqual(seeds.map(() => 1));
});
