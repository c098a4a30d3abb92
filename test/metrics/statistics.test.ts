import { expect, test } from 'vitest';
import { failureAdjustedStatistics, scaled, statisticsOf } from '../../src/metrics/statistics.js';

test.each([
  [
    [10, 20, 30, 40],
    { avg: 25, p1: 10.3, p5: 11.5, p10: 13, p25: 17.5, p50: 25, p75: 32.5, p90: 37, p95: 38.5, p99: 39.7 },
    { min: 10, max: 40, std: 11.180339887498949, count: 4, sum: 100 },
  ],
  [
    [80, 100, 150],
    { avg: 110, p1: 80.4, p5: 82, p10: 84, p25: 90, p50: 100, p75: 125, p90: 140, p95: 145, p99: 149 },
    { min: 80, max: 150, std: 29.43920288775949, count: 3, sum: 330 },
  ],
])('statistics of %j', (samples, averages, extremes) => {
  const statistics = statisticsOf(Float64Array.from(samples));
  const expected: Record<string, number> = { ...averages, ...extremes };
  expect(Object.keys(statistics ?? {})).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(statistics ?? {})) {
    // 0.99 * 3 is 2.9699999999999998, so p99 of the first row is one step of a double below 39.7.
    expect(Math.abs(value - (expected[name] ?? Number.NaN)), name).toBeLessThanOrEqual(7.2e-15);
  }
});

test('one sample is every statistic, without deviation', () => {
  expect(statisticsOf(Float64Array.of(7))).toEqual({
    avg: 7,
    p1: 7,
    p5: 7,
    p10: 7,
    p25: 7,
    p50: 7,
    p75: 7,
    p90: 7,
    p95: 7,
    p99: 7,
    min: 7,
    max: 7,
    std: 0,
    count: 1,
    sum: 7,
  });
});

test('no samples, no statistics', () => {
  expect(statisticsOf(new Float64Array())).toBeUndefined();
  expect(failureAdjustedStatistics(new Float64Array(), 3)).toBeUndefined();
});

test('sums keep the digits that plain addition drops', () => {
  // Ten times 0.1 adds up to 0.9999999999999999 one by one; the doubles nearest 0.1 add up to 1 when rounded once.
  expect(statisticsOf(new Float64Array(10).fill(0.1))).toMatchObject({ sum: 1, avg: 0.1 });
  // 2 ** 53 + 1 is no double, so each 1 would be lost; together they are not.
  expect(statisticsOf(Float64Array.of(1, 1, 1, 1, 2 ** 53))).toMatchObject({ sum: 2 ** 53 + 4 });
});

test('failures count as infinite: nearest rank, halves to even', () => {
  // n = 10: rank q / 100 * 9. p1 .09 -> 0, p5 .45 -> 0, p10 .9 -> 1, p25 2.25 -> 2, p50 4.5 -> 4 (even),
  // p75 6.75 -> 7 (infinite), p90 and beyond infinite.
  expect(failureAdjustedStatistics(Float64Array.of(1, 2, 3, 4, 5, 6, 7), 3)).toEqual({
    p1: 1,
    p5: 1,
    p10: 2,
    p25: 3,
    p50: 5,
    min: 1,
    count: 10,
  });
  // n = 4, p50: 1.5 -> 2 (even), the third of three.
  expect(failureAdjustedStatistics(Float64Array.of(10, 20, 30), 1)).toMatchObject({ p50: 30, p75: 30 });
});

test('scaling multiplies every statistic but the count', () => {
  expect(scaled({ avg: 57_509_813, count: 3, sum: 3 }, 1e-6)).toEqual({
    avg: 57.509812999999994,
    count: 3,
    sum: 3e-6,
  });
});
