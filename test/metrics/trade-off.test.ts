import { expect, test } from 'vitest';
import { type OperatingPoint, weigh } from '../../src/metrics/trade-off.js';

/** A point with intervals of ± 10 in both. */
function point(load: number, throughput: number, perUser: number, goodShare: number): OperatingPoint {
  const about = (mean: number) => ({ mean, ciLow: mean - 10, ciHigh: mean + 10 });
  return { load, throughput: about(throughput), perUser: about(perUser), goodShare };
}

test('ties are with points that may be recommended, in what was asked of them', () => {
  // 105 for a user overlaps with 100 and with 110; the one of 110 does not keep the objectives.
  const points = [point(1, 50, 110, 0.5), point(2, 150, 105, 1), point(3, 300, 100, 0.9)];
  const { eligible, userExperience, cost } = weigh(points, 0.9);
  expect(eligible).toEqual([1, 2]);
  expect(userExperience).toEqual({ point: 1, ties: [2] });
  expect(cost).toEqual({ point: 2, ties: [] });
});
