import { describe, expect, it } from 'vitest';
import { asRecorded, paced, withoutLongGaps } from '../../src/dataset/pace.js';

describe('paced', () => {
  it('divides times by the speed-up, and then cuts delays to the longest', () => {
    const pace = { ...asRecorded, speedup: 4, maxDelayMs: 20 };
    expect(paced({ timestampMs: 100, delayMs: 60 }, pace)).toEqual({ timestampMs: 25, delayMs: 15 });
    expect(paced({ delayMs: 100 }, pace)).toEqual({ timestampMs: undefined, delayMs: 20 });
    expect(paced({ delayMs: 100 }, { ...asRecorded, maxDelayMs: 0 })).toMatchObject({ delayMs: 0 });
    expect(paced({ timestampMs: 3, delayMs: 100 }, asRecorded)).toEqual({ timestampMs: 3, delayMs: 100 });
  });
});

describe('withoutLongGaps', () => {
  const moved = (limitMs: number | undefined, ...intervals: [number, number][]) =>
    withoutLongGaps(
      intervals.map(([startMs, endMs]) => ({ startMs, endMs })),
      limitMs,
    ).map(({ startMs, endMs }) => [startMs, endMs]);

  it('moves up what follows a gap, in which no interval is open', () => {
    // 100 to 130 is a gap of 30, cut by 20; 150 to 155 is short; 160 to 200 is cut by 30.
    const intervals: [number, number][] = [
      [130, 150],
      [50, 100],
      [60, 70],
      [155, 160],
      [200, 210],
    ];
    expect(moved(10, ...intervals)).toEqual([
      [110, 130],
      [50, 100],
      [60, 70],
      [135, 140],
      [150, 160],
    ]);
    expect(moved(0, [5, 6], [9, 10])).toEqual([
      [5, 6],
      [6, 7],
    ]);
  });

  it('leaves gaps alone without a limit', () => {
    expect(moved(undefined, [0, 1], [1000, 1001])).toEqual([
      [0, 1],
      [1000, 1001],
    ]);
  });
});
