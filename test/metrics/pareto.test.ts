import { describe, expect, test } from 'vitest';
import { kneedle } from '../../src/metrics/knee.js';
import { nearestToIdeal, paretoFrontier } from '../../src/metrics/pareto.js';
import { walkthrough } from './walkthrough.js';

const tradeOff = walkthrough.map(({ perUser, perGpu }) => ({ x: perUser, y: perGpu }));
const named = (indices: readonly number[]) => indices.map((i) => walkthrough[i]?.concurrency);

describe('the Pareto frontier', () => {
  test("the walkthrough's points: 500 is beaten by 200 on both axes, every other one is on it", () => {
    expect(named(paretoFrontier(tradeOff))).toEqual([200, 100, 50, 10]);
  });

  test.each([
    ['one beats all', [[1, 1], [2, 2], [2, 1], [1, 2]], [1]], // biome-ignore format: one case a line
    ['equal on one axis only', [[1, 3], [1, 2], [3, 1], [2, 1]], [0, 2]], // biome-ignore format: one case a line
    ['equal on both', [[1, 2], [1, 2], [2, 1]], [0, 1, 2]], // biome-ignore format: one case a line
    ['no number', [[Number.NaN, 9], [9, Number.NEGATIVE_INFINITY], [1, 1]], [2]], // biome-ignore format: one case a line
    ['nothing', [], []],
  ])('%s', (_name, points, expected) => {
    expect(paretoFrontier(points.map(([x = 0, y = 0]) => ({ x, y })))).toEqual(expected);
  });
});

describe('the knee', () => {
  test("the walkthrough's sweet spot: 200 streams", () => {
    // x' = (c - 10) / 490, y' = (t - 3045) / 32954; y' - x' = 0, 0.2171, 0.4073, 0.6122, -0.1870:
    // highest at 200, and behind it lower by 0.799, more than a mean step of x', 0.25.
    expect(kneedle(walkthrough.map(({ concurrency, tokens }) => ({ x: concurrency, y: tokens })))).toBe(3);
  });

  test('the order of the points does not matter', () => {
    const reversed = [...walkthrough].reverse();
    expect(kneedle(reversed.map(({ concurrency, tokens }) => ({ x: concurrency, y: tokens })))).toBe(1);
  });

  test.each([
    // The paper's figure: y = -1 / x + 5, whose knee lies at x = 1 / sqrt(0.1 * 1) = 0.316 of the range from 0.1 to 1.
    ['a hyperbola', Array.from({ length: 91 }, (_, i) => [0.1 + i / 100, 5 - 1 / (0.1 + i / 100)]), 22],
    ['a line', [[1, 1], [2, 2], [3, 3], [4, 4]], undefined], // biome-ignore format: one case a line
    ['ever steeper', [[1, 1], [2, 2], [3, 4], [4, 8]], undefined], // biome-ignore format: one case a line
    // y' - x' = 0, 0.05, 0: a fall by 0.05 where a mean step is 0.5.
    ['too slight', [[0, 0], [1, 0.55], [2, 1]], undefined], // biome-ignore format: one case a line
    ['two points', [[1, 1], [2, 5]], undefined], // biome-ignore format: one case a line
    ['all the same', [[1, 5], [2, 5], [3, 5], [4, 5]], undefined], // biome-ignore format: one case a line
  ])('%s', (_name, points, expected) => {
    expect(kneedle(points.map(([x = 0, y = 0]) => ({ x, y })))).toBe(expected);
  });
});

describe('the compromise', () => {
  test('nearest to the best of both', () => {
    // Scaled: 200 (0, 1), 100 (0.3679, 0.5911), 50 (0.6938, 0.2988), 10 (1, 0); to (1, 1): 1, 0.7530, 0.7651, 1.
    const frontier = paretoFrontier(tradeOff);
    const compromise = nearestToIdeal(frontier.flatMap((i) => tradeOff[i] ?? []));
    expect(named([frontier[compromise ?? -1] ?? -1])).toEqual([100]);
  });

  test('one point, and none', () => {
    expect(nearestToIdeal([{ x: 3, y: 4 }])).toBe(0);
    expect(nearestToIdeal([])).toBeUndefined();
  });
});
