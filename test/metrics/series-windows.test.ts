import { describe, expect, it } from 'vitest';
import type { Window } from '../../src/metrics/request-table.js';
import { gaugeWithin, growthWithin } from '../../src/metrics/series-windows.js';
import type { TimeSeries } from '../../src/telemetry/time-series.js';

/** One value a second, from 0 on. */
function series(kind: 'gauge' | 'counter', ...values: number[]): TimeSeries {
  return {
    ...{ metric: { name: 'm', unit: '', kind }, source: 'client', labels: {} },
    times: Float64Array.from(values, (_, i) => i * 1e9),
    values: Float64Array.from(values),
  };
}

const seconds = (from: number, to: number): Window => ({ fromNs: from * 1e9, toNs: to * 1e9 });

describe('a gauge within a window', () => {
  const gauge = series('gauge', 4, 9, 1, 3, 5);

  it('has the statistics of its values there, the end left out', () => {
    // 9, 1 and 3: the mean is 13/3, the squares of the distances 196/9 + 100/9 + 16/9 = 312/9.
    const { avg, min, max, std, p50, count, sum } = gaugeWithin(gauge, seconds(1, 4)) ?? {};
    expect([avg, min, max, p50, count, sum]).toEqual([13 / 3, 1, 9, 3, 3, 13]);
    expect(std).toBeCloseTo(Math.sqrt(312 / 27), 12);
    // It is cut, not sorted.
    expect([...gauge.values]).toEqual([4, 9, 1, 3, 5]);
  });

  it.each([
    ['between two values', 1.2, 1.8],
    ['before the first', -2, 0],
    ['after the last', 4.5, 9],
  ])('has none %s', (_, from, to) => expect(gaugeWithin(gauge, seconds(from, to))).toBeUndefined());

  it('has none without values', () => {
    expect(gaugeWithin(series('gauge'), seconds(0, 9))).toBeUndefined();
  });
});

describe('the growth of a counter within a window', () => {
  // Grows by 10, is reset and grows by 5, stands still, grows by 3.
  const counter = series('counter', 10, 20, 5, 5, 8);

  it.each([
    ['all of it', 0, 4, 18, 4.5],
    ['the reset', 1, 2, 5, 5],
    ['no growth', 2, 3, 0, 0],
    ['the first half of a second', 0, 0.5, 5, 10],
    ['the halves around a value: 5 + 2.5', 0.5, 1.5, 7.5, 7.5],
    ['the rest: 2.5 + 0 + 3', 1.5, 4, 5.5, 2.2],
    ['part of one step', 3.25, 3.5, 0.75, 3],
    ['a window that begins before the first value', -5, 0.5, 5, 10],
    ['a window that ends after the last value', 3, 10, 3, 3],
  ])('%s', (_, from, to, total, rate) => {
    expect(growthWithin(counter, seconds(from, to))).toEqual({ total, rate });
  });

  it.each([
    ['before the first value', -2, 0],
    ['after the last', 4, 9],
    ['of no length', 2, 2],
  ])('is unknown in a window %s', (_, from, to) =>
    expect(growthWithin(counter, seconds(from, to))).toBeUndefined(),
  );

  it('is unknown of fewer than two values', () => {
    expect(growthWithin(series('counter'), seconds(0, 9))).toBeUndefined();
    expect(growthWithin(series('counter', 7), seconds(0, 9))).toBeUndefined();
  });
});
