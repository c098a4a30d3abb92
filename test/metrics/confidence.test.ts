import { expect, test } from 'vitest';
import { percentileInterval } from '../../src/metrics/confidence.js';
import { percentile } from '../../src/metrics/statistics.js';
import { randomStream } from '../../src/util/random.js';

/** 1, 2, … n: a value is its rank. */
function ranks(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => i + 1);
}

test('bounds are order statistics', () => {
  // Median of 10: P(X <= 1) = 11/1024 <= 0.025 < P(X <= 2); P(X <= 8) = 1013/1024 >= 0.975 > P(X <= 7).
  expect(percentileInterval(ranks(10), 50)).toEqual({ low: 2, high: 9 });
  // Median of 5: P(X = 0) = 1/32 > 0.025 already: five values bound nothing.
  expect(percentileInterval(ranks(5), 50)).toEqual({ low: undefined, high: undefined });
  // Median of 6: P(X = 0) = 1/64.
  expect(percentileInterval(ranks(6), 50)).toEqual({ low: 1, high: 6 });
  // The tables of Conover: p50 of 20 from 6th to 15th.
  expect(percentileInterval(ranks(20), 50)).toEqual({ low: 6, high: 15 });
});

test('a p99 of forty requests has no upper bound', () => {
  // All forty lie below it with chance 0.99 ** 40 = 0.67; P(X <= 37) = 0.0075, P(X <= 38) = 0.0607.
  expect(percentileInterval(ranks(40), 99)).toEqual({ low: 38, high: undefined });
  // It takes 368: 0.99 ** 367 = 0.02501, 0.99 ** 368 = 0.02476.
  expect(percentileInterval(ranks(367), 99).high).toBeUndefined();
  expect(percentileInterval(ranks(368), 99).high).toBe(368);
});

test('ends and nothing', () => {
  const none = { low: undefined, high: undefined };
  expect(percentileInterval(ranks(100), 0)).toEqual(none);
  expect(percentileInterval(ranks(100), 100)).toEqual(none);
  expect(percentileInterval(new Float64Array(), 50)).toEqual(none);
});

test('a million values', () => {
  // 500,000 -+ 1.96 * 500.
  const { low = 0, high = 0 } = percentileInterval(ranks(1_000_000), 50);
  expect(Math.abs(low - 499_020)).toBeLessThanOrEqual(2);
  expect(Math.abs(high - 500_981)).toBeLessThanOrEqual(2);
});

test('the true percentile lies within in at least 95 of 100 samples', () => {
  const random = randomStream(3, 'confidence');
  let inside = 0;
  for (let i = 0; i < 1000; i++) {
    const sample = Float64Array.from({ length: 200 }, () => random.uniform()).sort();
    const { low = 0, high = 1 } = percentileInterval(sample, 90);
    if (low <= 0.9 && 0.9 <= high) inside++;
  }
  // At least 0.95 by construction; three deviations of 1000 such draws are 0.021.
  expect(inside / 1000).toBeGreaterThan(0.93);
  expect(inside / 1000).toBeLessThan(0.99);
});

test('linear percentiles, digit for digit as numpy.percentile gives them', () => {
  expect(percentile(Float64Array.of(1, 2, 3, 4, 7, 10), 50)).toBe(3.5);
  // What NumPy 2.4.6 printed; worked out from the lower end throughout, some differ in their last digit.
  expect(percentile(Float64Array.of(10, 20, 30, 40), 99)).toBe(39.699999999999996);
  expect(percentile(Float64Array.of(0.1, 0.7), 75)).toBe(0.5499999999999999);
  const sample = Float64Array.of(0.1, 0.3, 0.7, 1.1, 2.9, 7.7, 13.3);
  expect([1, 10, 25, 33.3, 50, 66.6, 75, 90, 99, 99.9].map((percent) => percentile(sample, percent))).toEqual(
    [
      0.112, 0.22000000000000003, 0.5, 0.6991999999999998, 1.1, 2.892799999999999, 5.3, 9.940000000000001,
      12.963999999999999, 13.266400000000004,
    ],
  );
  expect(percentile(Float64Array.of(5), 37)).toBe(5);
  expect(percentile(new Float64Array(), 50)).toBeNaN();
});
