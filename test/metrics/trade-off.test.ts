import { describe, expect, test } from 'vitest';
import { dominatorOf, frontierOf, type OperatingPoint, weigh } from '../../src/metrics/trade-off.js';
import { randomStream } from '../../src/util/random.js';

const about = (mean: number, noise: number) => ({ mean, ciLow: mean - noise, ciHigh: mean + noise, noise });

/** A point whose values are known to this much in both. */
function point(
  load: number | undefined,
  throughput: number,
  perUser: number,
  { noise = 10, goodShare = 1 } = {},
): OperatingPoint {
  return {
    load,
    throughput: about(throughput, noise),
    perUser: about(perUser, noise),
    goodShare,
    clientLimited: false,
  };
}

describe('what a sweep comes to', () => {
  test('two runs alike have no winner', () => {
    const points = [point(8, 300, 100), point(8, 310, 95)];
    expect(weigh(points, 0.95)).toEqual({
      ...{ frontier: [0, 1], knee: undefined, eligible: [0, 1], isTie: true },
      ...{ userExperience: undefined, balanced: undefined, cost: undefined },
    });
    // On one axis alone they differ: 21 is more than 10 + 10. The other one is a tie.
    expect(weigh([point(8, 300, 100), point(8, 321, 95)], 0.95)).toMatchObject({
      ...{ frontier: [0, 1], isTie: false },
      ...{ userExperience: { point: 0, ties: [1] }, cost: { point: 1, ties: [] } },
    });
    expect(weigh([point(8, 300, 100), point(8, 321, 100)], 0.95)).toMatchObject({
      ...{ frontier: [1], userExperience: { point: 1, ties: [] } },
    });
  });

  test('an incomplete point is not weighed: no frontier, no tie, no knee', () => {
    const points = [point(8, 300, 100), point(8, 310, 95), { ...point(8, 900, 900), isIncomplete: true }];
    const verdict = weigh(points, 0.95);
    expect(verdict).toMatchObject({ frontier: [0, 1], eligible: [0, 1], isTie: true, cost: undefined });
    expect(dominatorOf(2, points, verdict)).toBeUndefined();
  });

  test('one point is no tie', () => {
    expect(weigh([point(8, 300, 100)], 0.95)).toMatchObject({ isTie: false, cost: { point: 0, ties: [] } });
  });

  test('a point that is better within noise alone is not ranked above another', () => {
    // 8 streams give 321 instead of 320, and each user half.
    const points = [point(1, 100, 150), point(4, 320, 80), point(8, 321, 40)];
    const verdict = weigh(points, 0.95);
    expect(verdict.frontier).toEqual([0, 1, 2]);
    expect(verdict.cost).toEqual({ point: 2, ties: [1] });
    expect(verdict.userExperience).toEqual({ point: 0, ties: [] });
  });

  test('a point with the lower value dominates nothing, however wide the noise', () => {
    // 4 streams give 76 more than 2, and each user 13 less: the intervals 74.9 ± 9 and 61.6 ± 6 overlap.
    const points = [
      { ...point(2, 116, 0), perUser: about(74.9, 9) },
      { ...point(4, 192, 0), perUser: about(61.6, 6) },
    ];
    const verdict = weigh(points, 0.95);
    expect(verdict.frontier).toEqual([0, 1]);
    expect(verdict.userExperience).toEqual({ point: 0, ties: [1] });
    expect(verdict.cost).toEqual({ point: 1, ties: [] });
    const third = [...points, point(8, 110, 60)];
    expect([0, 1, 2].map((i) => dominatorOf(i, third, weigh(third, 0.95)))).toEqual([
      undefined,
      undefined,
      1,
    ]);
  });

  test('the balance weighs no difference that is noise', () => {
    // Each user gets the same but for noise, so the most throughput is nearest to the best of both.
    const verdict = weigh([point(1, 76, 103), point(2, 144, 97), point(4, 283, 96)], 0.95);
    expect(verdict.frontier).toEqual([0, 1, 2]);
    expect(verdict.balanced).toEqual({ point: 2, ties: [] });
    // Beyond noise the difference counts: the second point is near to the best of both.
    const real = [point(1, 76, 150), point(2, 260, 140), point(4, 283, 50)];
    expect(weigh(real, 0.95).balanced).toEqual({ point: 1, ties: [] });
  });

  test('neighbours that tie are recommended together, and only where they meet the objectives', () => {
    const three = (shares: readonly number[]) => [
      point(1, 50, 200, { goodShare: shares[0] ?? 1 }),
      point(2, 305, 100, { goodShare: shares[1] ?? 1 }),
      point(3, 300, 105, { goodShare: shares[2] ?? 1 }),
    ];
    expect(weigh(three([]), 0.9)).toMatchObject({
      ...{ frontier: [0, 1, 2], userExperience: { point: 0, ties: [] }, cost: { point: 1, ties: [2] } },
    });
    expect(weigh(three([0.5, 0.9, 0.8]), 0.9)).toMatchObject({
      ...{ eligible: [1], userExperience: { point: 1, ties: [] }, cost: { point: 1, ties: [] } },
    });
  });

  test('the frontier is by load, in whatever order the points are given; without loads in that order', () => {
    const points = [point(50, 500, 60), point(10, 100, 120), point(100, 900, 20), point(20, 250, 90)];
    expect(weigh(points, 0.95).frontier).toEqual([1, 3, 0, 2]);
    const bare = points.map((one) => ({ ...one, load: undefined }));
    expect(weigh(bare, 0.95).frontier).toEqual([0, 1, 2, 3]);
  });

  test('a knee in noise is none', () => {
    // Kneedle alone finds one at 2: scaled (0, 0), (0.33, 1), (0.67, 0.5), (1, 0).
    const flat = (noise: number) => [
      ...[point(1, 300, 100, { noise }), point(2, 304, 80, { noise })],
      ...[point(3, 302, 60, { noise }), point(4, 300, 40, { noise })],
    ];
    expect(weigh(flat(1), 0.95).knee).toBe(1);
    expect(weigh(flat(2), 0.95).knee).toBeUndefined();
  });
});

describe('the frontier', () => {
  const axes = (x: number, y: number, noise: number) => ({ x: about(x, noise), y: about(y, noise) });

  test('a point that is dominated itself pushes no third one off it', () => {
    // 1 passes 0 in x by 12 > 11; 2 passes 1 in y by 12 > 11; of 0 and 2 neither is known to 40.
    const zero = { x: about(100, 10), y: about(100, 30) };
    const one = { x: about(112, 1), y: about(100, 1) };
    const two = { x: about(112, 30), y: about(112, 10) };
    expect(frontierOf([0, 1], [zero, one])).toEqual([1]);
    expect(frontierOf([0, 1, 2], [zero, one, two])).toEqual([0, 2]);
  });

  test('points without a value are not on it', () => {
    expect(frontierOf([0, 1], [{ x: undefined, y: about(1, 0) }, axes(1, 1, 0)])).toEqual([1]);
  });

  test('every other point is dominated by one of it, and none of it by another: 2,000 random sets', () => {
    const random = randomStream(5, 'frontier');
    const draw = () => random.uniform() * 10;
    for (let set = 0; set < 2000; set++) {
      const points = Array.from({ length: 8 }, () => ({
        x: about(draw(), draw() / 4),
        y: about(draw(), draw() / 4),
      }));
      const all = points.map((_, i) => i);
      const frontier = frontierOf(all, points);
      const dominates = (a: number, b: number) => {
        const gaps = (['x', 'y'] as const).map((axis) => {
          const [one, other] = [points[a]?.[axis], points[b]?.[axis]];
          if (one === undefined || other === undefined) throw new Error('no such point');
          const gap = one.mean - other.mean;
          return { gap, isClear: gap > one.noise + other.noise };
        });
        return gaps.every(({ gap }) => gap >= 0) && gaps.some(({ isClear }) => isClear);
      };
      expect(frontier.length).toBeGreaterThan(0);
      expect(all.filter((i) => !frontier.some((other) => dominates(other, i)))).toEqual(frontier);
    }
  });
});
