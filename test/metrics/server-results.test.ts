import { describe, expect, test } from 'vitest';
import type { Window } from '../../src/metrics/request-table.js';
import { serverResult } from '../../src/metrics/server-results.js';
import type { FamilyKind, ServerSeries } from '../../src/telemetry/server-series.js';
import { scrapedSeries } from '../export/recorded-scrapes.js';

const seconds = (from: number, to: number): Window => ({ fromNs: from * 1e9, toNs: to * 1e9 });

/** A series of one page that is read at 0, 1, 2 … s; undefined where the page does not have it. */
function seriesOf(
  kind: FamilyKind,
  values: readonly (number | readonly number[] | undefined)[],
  bounds?: string[],
): ServerSeries {
  const scrapes = values.map((value, i) => {
    const sample = { name: 'm', labels: {}, values: [value ?? []].flat(), ...(bounds && { bounds }) };
    // A response takes 0.2 s.
    return {
      sentNs: i * 1e9,
      firstByteNs: i * 1e9 + 1e8,
      receivedNs: i * 1e9 + 2e8,
      samples: value === undefined ? [] : [sample],
    };
  });
  const [series] = [...scrapedSeries(scrapes, { m: { type: kind, description: '' } }).series()];
  if (series === undefined) throw new Error('no page has it');
  return series;
}

const steady = [100, 110, 120, 130, 140, 150, 160];
const phase = seconds(1.5, 4.5);

describe('gauges: samples inside the phase', () => {
  test.each(['gauge', 'unknown'] as const)('%s', (kind) => {
    const result = serverResult(seriesOf(kind, [9, 9, 30, 40, 50, 9, 9]), phase);
    expect(result?.stats).toMatchObject({ avg: 40, min: 30, max: 50, std: 10, p25: 35, p50: 40, p75: 45 });
  });

  test('none where the phase is over before the page is read', () => {
    expect(serverResult(seriesOf('gauge', steady), seconds(2.1, 2.2))).toBeUndefined();
  });

  test('one sample has no deviation', () => {
    expect(serverResult(seriesOf('gauge', steady), seconds(1.5, 2.5))?.stats).toMatchObject({
      avg: 120,
      std: 0,
      p99: 120,
    });
  });
});

describe('counters: from the last sample before the phase to the first one after it, divided by the phase', () => {
  test.each<[string, readonly (number | undefined)[], Window, { total: number; rate: number } | undefined]>([
    // From 110 at 1 s to 150 at 5 s, in 3 s.
    ['steady', steady, phase, { total: 40, rate: 40 / 3 }],
    ['a phase between two scrapes', steady, seconds(2.1, 2.35), { total: 10, rate: 40 }],
    // 110 to 120, then from 0 to 25.
    ['reset: the new value is growth', [100, 110, 120, 5, 15, 25, 35], phase, { total: 35, rate: 35 / 3 }],
    ['reset twice', [100, 110, 5, 3, 8, 9, 9], phase, { total: 5 + 3 + 5 + 1, rate: 14 / 3 }],
    // What it had at 3 s is not counted, and 1.5 s are left.
    ['appears', [undefined, undefined, undefined, 7, 9, 12, 13], phase, { total: 5, rate: 5 / 1.5 }],
    ['vanishes', [100, 110, 120, 136], phase, { total: 26, rate: 26 / 1.5 }],
    ['vanishes and returns', [100, 110, undefined, undefined, 140, 150], phase, { total: 40, rate: 40 / 3 }],
    [
      'appears with the last scrape that counts',
      [undefined, undefined, undefined, undefined, undefined, 3, 9],
      phase,
      { total: 0, rate: 0 },
    ],
    [
      'appears after it',
      [undefined, undefined, undefined, undefined, undefined, undefined, 3],
      phase,
      undefined,
    ],
    ['vanished before the phase', [100, 110], phase, undefined],
    ['there from the start', steady, seconds(-1, 1.5), { total: 20, rate: 20 / 1.5 }],
    ['no scrape after the phase', steady, seconds(4.5, 9), { total: 20, rate: 20 / 1.5 }],
  ])('%s', (_, values, window, expected) => {
    const page = [...values, ...Array.from({ length: 7 - values.length }, () => undefined)];
    expect(serverResult(seriesOf('counter', page), window)?.stats).toEqual(expected);
  });
});

describe('histograms', () => {
  const bounds = ['1', '2', '+Inf'];
  // Buckets up to 1, up to 2, all; sum; count.
  const before = [10, 20, 20, 25, 20];

  test('what grew, with estimates', () => {
    const series = seriesOf(
      'histogram',
      [before, before, [10, 21, 21, 26.6, 21], [11, 23, 23, 30, 23], [11, 23, 24, 40, 24]],
      bounds,
    );
    const result = serverResult(series, seconds(1.5, 3.5));
    expect(result?.buckets).toEqual([1, 3, 4]);
    // 0.5 in the first bucket; 1.6 is what one interval says of the second, and 10 of the last: 0.5 + 2 × 1.6 + 11.3
    // is the sum. The two are 0.5 apart around 1.6.
    expect(result?.stats).toMatchObject({ count: 4, sum: 15, avg: 3.75, count_rate: 2, sum_rate: 7.5 });
    expect(result?.stats.p50_estimate).toBeCloseTo(1.6, 9);
    expect(result?.stats.p99_estimate).toBeCloseTo(11.3 - 0.03 * (11.3 - 1.85), 9);
  });

  test('nothing observed', () => {
    const result = serverResult(
      seriesOf('histogram', [before, before, before, before], bounds),
      seconds(0.5, 2.5),
    );
    expect(result).toMatchObject({ stats: { count: 0 }, buckets: [0, 0, 0] });
    expect(result?.stats).toEqual({ count: 0 });
  });

  test('reset: the new values are growth; a sum that falls is none', () => {
    const pages = [before, [11, 22, 22, 24, 22], [1, 1, 2, 9, 2], [2, 2, 3, 9.5, 3]];
    const result = serverResult(seriesOf('histogram', pages, bounds), seconds(0.5, 2.5));
    expect(result?.buckets).toEqual([3, 4, 5]);
    expect(result?.stats).toMatchObject({ count: 5, sum: -1 + 9.5, count_rate: 2.5 });
  });
});

describe('slices: the grid of the requests', () => {
  test('counters add up to the phase, divided by the time between their samples', () => {
    const result = serverResult(seriesOf('counter', [100, 110, 122, 136, 140, 150, 160]), phase, {
      fromNs: 1.5e9,
      lengthNs: 1e9,
    });
    expect(result?.slices).toEqual([
      { ...seconds(1.5, 2.5), isComplete: true, stats: { total: 12, rate: 24 } },
      { ...seconds(2.5, 3.5), isComplete: true, stats: { total: 14, rate: 14 } },
      { ...seconds(3.5, 4.5), isComplete: true, stats: { total: 14, rate: 14 / 1.5 } },
    ]);
    const { total, rate, rate_min, rate_max, rate_avg } = result?.stats ?? {};
    expect({ total, rate, rate_min, rate_max }).toEqual({
      total: 40,
      rate: 40 / 3,
      rate_min: 14 / 1.5,
      rate_max: 24,
    });
    expect(rate_avg).toBeCloseTo((24 + 14 + 14 / 1.5) / 3, 12);
  });

  test('what grew before the first request is in the first slice, and the time until then in none', () => {
    const grid = { fromNs: 2.5e9, lengthNs: 1e9 };
    const result = serverResult(seriesOf('counter', [100, 110, 122, 136, 140, 150, 160]), phase, grid);
    expect(result?.slices).toEqual([
      // From 110 at 1 s to 136 at 3 s.
      { ...seconds(2.5, 3.5), isComplete: true, stats: { total: 26, rate: 52 } },
      { ...seconds(3.5, 4.5), isComplete: true, stats: { total: 14, rate: 14 / 1.5 } },
    ]);
  });

  test('the last one ends with the phase and is not complete; one without a sample is left out', () => {
    const gauge = serverResult(seriesOf('gauge', [1, 2, 3, 5, undefined, 7, 9]), seconds(1.5, 5.25), {
      fromNs: 1.5e9,
      lengthNs: 1e9,
    });
    expect(gauge?.slices).toEqual([
      { ...seconds(1.5, 2.5), isComplete: true, stats: { avg: 3, min: 3, max: 3 } },
      { ...seconds(2.5, 3.5), isComplete: true, stats: { avg: 5, min: 5, max: 5 } },
      { ...seconds(4.5, 5.25), isComplete: false, stats: { avg: 7, min: 7, max: 7 } },
    ]);
    const counter = serverResult(seriesOf('counter', steady), seconds(1.5, 2.6), {
      fromNs: 1.5e9,
      lengthNs: 0.25e9,
    });
    // Between two scrapes nothing is known: 120 is read at the end of the second slice, 130 after the last one.
    expect(counter?.slices).toEqual([
      { ...seconds(1.75, 2), isComplete: true, stats: { total: 10, rate: 20 } },
      { ...seconds(2.5, 2.6), isComplete: false, stats: { total: 10, rate: 10 / 0.6 } },
    ]);
  });

  test('histograms', () => {
    const pages = [
      [0, 0, 0, 0],
      [1, 1, 0.5, 1],
      [1, 2, 4.5, 2],
      [1, 2, 4.5, 2],
    ];
    const result = serverResult(seriesOf('histogram', pages, ['1', '+Inf']), seconds(0, 2), {
      fromNs: 0,
      lengthNs: 1e9,
    });
    expect(result?.slices?.map(({ stats, buckets }) => ({ ...stats, buckets }))).toEqual([
      { count: 1, sum: 0.5, avg: 0.5, buckets: [1, 1] },
      { count: 1, sum: 4, avg: 4, buckets: [0, 1] },
    ]);
  });
});
