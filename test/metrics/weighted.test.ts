import { expect, test } from 'vitest';
import { weightedStatistics } from '../../src/metrics/weighted.js';

function of(values: readonly (readonly [value: number, weight: number])[]) {
  return weightedStatistics(1, (visit) => {
    for (const [value, weight] of values) visit(0, value, weight);
  })[0];
}

test('averages count by weight; a percentile is the first value that reaches its share', () => {
  // 50 of 100 at most 1, 90 at most 2, 94 at most 3.
  const values = [
    [4, 6],
    [1, 30],
    [2, 40],
    [1, 20],
    [3, 4],
  ] as const;
  expect(of(values)).toEqual({
    avg: 1.66, // (50 * 1 + 40 * 2 + 4 * 3 + 6 * 4) / 100
    p50: 1,
    p90: 2,
    p95: 4,
    p99: 4,
    min: 1,
    max: 4,
    // (50 * 0.66² + 40 * 0.34² + 4 * 1.34² + 6 * 2.34²) / 100 = 0.6644
    std: Math.sqrt(0.6644),
  });
});

test('one value is every statistic; none gives none', () => {
  expect(of([[7, 3]])).toEqual({ avg: 7, p50: 7, p90: 7, p95: 7, p99: 7, min: 7, max: 7, std: 0 });
  expect(of([])).toBeUndefined();
});

test('more values than ranges: still exact', () => {
  // 0 … 199,999 in mixed order, of weight 1 each; p50 is the value at which 100,000 are reached: 99,999.
  const count = 200_000;
  const mixed = Array.from({ length: count }, (_, i) => [(i * 77_777) % count, 1] as const);
  expect(of(mixed)).toMatchObject({ p50: 99_999, p90: 179_999, p95: 189_999, p99: 197_999, max: 199_999 });
});

test('values close together beside one far away share a range, and are told apart', () => {
  const near = Array.from({ length: 100 }, (_, i) => [i / 1e6, 1] as const);
  expect(of([...near, [1e9, 1]])).toMatchObject({
    p50: 50 / 1e6, // 50.5 of 101: the 51st
    p99: 99 / 1e6, // 99.99: the 100th
    max: 1e9,
  });
});

test('several series are kept apart', () => {
  const found = weightedStatistics(3, (visit) => {
    visit(0, 1, 1);
    visit(2, 5, 1);
  });
  expect(found.map((one) => one?.avg)).toEqual([1, undefined, 5]);
});
