import { describe, expect, test } from 'vitest';
import { repeats } from '../../src/metrics/repeats.js';
import { goldenIsThere, goldenText } from './golden.js';

describe('statistics over runs', () => {
  test('three runs', () => {
    // Mean 12, squared distances 4 + 0 + 4, std = sqrt(8 / 2) = 2, se = 2 / sqrt(3), t(0.975; 2) = 4.302652729749464.
    const found = repeats([10, 12, 14], 0.95);
    expect(found).toMatchObject({ mean: 12, std: 2, min: 10, max: 14, cv: 2 / 12 });
    expect(found.se).toBeCloseTo(1.1547005383792515, 14);
    expect(found.tCritical).toBeCloseTo(4.302652729749464, 8);
    expect(found.ciLow).toBeCloseTo(12 - 4.968275, 6);
    expect(found.ciHigh).toBeCloseTo(12 + 4.968275, 6);
  });

  // By numerical integration of the density; with one degree of freedom it is the tangent of pi * (p - 1 / 2).
  test.each([
    [2, 0.95, Math.tan(Math.PI * 0.475)],
    [2, 0.99, Math.tan(Math.PI * 0.495)],
    [5, 0.95, 2.776445105197782],
    [10, 0.9, 1.8331129326562428],
  ])('%i runs at %d: t = %d', (n, level, t) => {
    const values = Array.from({ length: n }, (_, i) => i);
    expect(Math.abs((repeats(values, level).tCritical ?? 0) / t - 1)).toBeLessThan(1e-8);
  });

  test('one run: nothing is known of its spread', () => {
    expect(repeats([7], 0.95)).toEqual({
      ...{ mean: 7, std: 0, min: 7, max: 7, cv: 0, se: 0, ciLow: 7, ciHigh: 7, tCritical: undefined },
    });
  });

  test('a mean of 0 has no coefficient of variation', () => {
    expect(repeats([-1, 1], 0.95).cv).toBe(Number.POSITIVE_INFINITY);
    expect(repeats([0, 0], 0.95).cv).toBe(Number.POSITIVE_INFINITY);
    // Of a negative one it is positive.
    expect(repeats([-1, -3], 0.95).cv).toBeCloseTo(Math.SQRT2 / 2, 14);
  });
});

describe.skipIf(!goldenIsThere)('the aggregates of AIPerf 0.13', () => {
  const aggregate = () =>
    JSON.parse(goldenText('grid/aggregate/concurrency_2/profile_export_aiperf_aggregate.json'));

  test('of two runs follow from their least and greatest values', () => {
    for (const [key, expected] of Object.entries<Record<string, number | null>>(aggregate().metrics)) {
      const { mean, std, min, max, cv, se, ciLow, ciHigh, tCritical } = repeats(
        [expected.min ?? Number.NaN, expected.max ?? Number.NaN],
        0.95,
      );
      const ours = { mean, std, min, max, se, ci_low: ciLow, ci_high: ciHigh, t_critical: tCritical ?? 0 };
      for (const [name, value] of Object.entries(ours)) {
        const theirs = expected[name] ?? Number.NaN;
        expect(Math.abs(value - theirs), `${key} ${name}`).toBeLessThanOrEqual(
          1e-8 * (Math.abs(theirs) + Math.abs(mean) + (ciHigh - mean)),
        );
      }
      if (expected.cv === null) expect(cv, key).toBe(Number.POSITIVE_INFINITY);
      else expect(cv, key).toBeCloseTo(expected.cv ?? Number.NaN, 12);
    }
  });
});
