import { describe, expect, it } from 'vitest';
import { curvesOf } from '../../src/charts/curves.js';
import { ttft } from '../../src/charts/measures.js';
import { overTime } from '../../src/charts/over-time.js';
import { niceStep, quantileBins, thinned } from '../../src/charts/reduce.js';
import { RunColumns } from '../../src/charts/run-columns.js';
import { columnsOf, ttftLimit } from './runs.js';

describe('columns of a run', () => {
  it('count time from the first start, whatever the order of the records', () => {
    const run = columnsOf([
      { at: 2, end: 4, latency: 2000 },
      { at: 1.5, end: 5, failed: true, latency: 3 },
    ]);
    expect([run.startS(0), run.endS(0), run.startS(1), run.seconds]).toEqual([0.5, 2.5, 0, 3.5]);
    expect([run.length, run.failedCount, run.isFailed(0), run.isFailed(1)]).toEqual([2, 1, false, true]);
    expect([run.value('request_latency', 0), run.value('request_latency', 1)]).toEqual([2000, Number.NaN]);
    expect([...run.byStart()]).toEqual([1, 0]);
  });
});

it('a request whose record does not say when it ended did so after its latency', () => {
  const run = new RunColumns({ limits: [], sliceSeconds: undefined });
  run.add({
    ...{ startNs: 5_000_000_000n, dueNs: undefined, endNs: undefined, error: undefined },
    ...{ cancelled: false, dropped: false, values: new Map([['request_latency', 2000]]) },
  });
  expect([run.endS(0), run.seconds]).toEqual([2, 2]);
});

describe('reduction', () => {
  it('leaves few points as they are, without those that have no place', () => {
    const y = [1, Number.NaN, 2.00000049, 3];
    expect(
      thinned(
        4,
        (i) => i,
        (i) => y[i] ?? 0,
      ),
    ).toEqual([
      [0, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('keeps outliers of many, and no more points than asked for', () => {
    // 100,000 points along a line and one far above it.
    const points = thinned(
      100_001,
      (i) => i,
      (i) => (i === 50_000 ? 1000 : 1),
    );
    expect(points.length).toBeLessThanOrEqual(6000);
    expect(points.filter(([, y]) => y === 1000)).toEqual([[50_000, 1000]]);
    // One point for each of 320 columns, the last point of the line being the edge of another.
    expect(points).toHaveLength(320 + 1 + 1);
  });

  it.each([
    [1, 1],
    [1.01, 2],
    [2.5, 5],
    [7, 10],
    [0.03, 0.05],
    [300, 500],
  ])('nice step of at least %d is %d', (least, step) => {
    expect(niceStep(least)).toBeCloseTo(step, 12);
  });

  it('percentiles within windows are linear ones, and empty windows are left out', () => {
    const x = [0, 0.5, 1.9, 4];
    const y = [10, 20, 30, 7];
    // Of 10, 20, 30: median 20, p90 at rank 1.8: 20 + 0.8 * 10.
    expect(
      quantileBins(
        4,
        (i) => x[i] ?? 0,
        (i) => y[i] ?? 0,
        2,
      ),
    ).toEqual([
      { from: 0, to: 2, count: 3, p50: 20, p90: 28 },
      { from: 4, to: 6, count: 1, p50: 7, p90: 7 },
    ]);
  });
});

describe('curves', () => {
  it('are means over windows: requests, waiting ones, tokens a second, tokens', () => {
    // 0 to 4 s, first token after 1 s, 10 tokens in, 6 out over 3 s: 2 a second.
    // 2 to 3 s failed: in flight only.
    const run = columnsOf([
      { at: 0, end: 4, ttft: 1000, latency: 4000, isl: 10, osl: 6 },
      { at: 2, end: 3, failed: true },
    ]);
    const { width, inFlight, waiting, tokenRate, tokens } = curvesOf(run, 2);
    expect(width).toBe(2);
    expect([...inFlight]).toEqual([1, 1.5]);
    // The failed request has no first token, so it does not wait for one.
    expect([...waiting]).toEqual([0.5, 0]);
    // Second 1 to 2 of window 0: 2 tokens in 2 s; window 1: 4 in 2 s.
    expect([...tokenRate]).toEqual([1, 2]);
    // Output so far: 0 to 2 in second 1 to 2, mean 1 over one of two seconds; 2 to 6 in window 1, mean 4.
    expect([...tokens]).toEqual([10 + 0.5, 10 + 4]);
  });

  it('the rate over all windows comes to the tokens', () => {
    const run = columnsOf([
      { at: 0, end: 1, ttft: 333, latency: 990, isl: 5, osl: 17 },
      { at: 0.7, end: 2.3, ttft: 100, latency: 100, isl: 5, osl: 1 },
    ]);
    const { width, tokenRate } = curvesOf(run, 7);
    expect(tokenRate.reduce((sum, rate) => sum + rate * width, 0)).toBeCloseTo(18, 10);
  });
});

describe('a metric over time', () => {
  const run = columnsOf(
    [
      { at: 0, end: 1, ttft: 100 },
      { at: 0.5, end: 2, failed: true },
      { at: 1, end: 2, ttft: 400 },
    ],
    { limits: [ttftLimit] },
  );

  it('is its requests, when others failed, and the limit', () => {
    expect(overTime(ttft).data(run)).toEqual({
      subtitle: '3 requests, 1 failed',
      seconds: 2,
      points: [
        [0, 100],
        [1, 400],
      ],
      failedAt: [0.5],
      bins: [],
      limit: 370,
    });
  });

  it('is nothing where no request has it', () => {
    expect(overTime(ttft).data(columnsOf([{ at: 0, end: 1 }]))).toBeUndefined();
  });
});
