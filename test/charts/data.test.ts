import { describe, expect, it } from 'vitest';
import { clientDelaysOverTime, clientLagOverTime } from '../../src/charts/client-over-time.js';
import { ttft } from '../../src/charts/measures.js';
import { overTime } from '../../src/charts/over-time.js';
import { niceStep, quantileBins, thinned } from '../../src/charts/reduce.js';
import {
  effectiveConcurrency,
  effectiveDecodeThroughput,
  effectivePrefillConcurrency,
  tokensInFlight,
} from '../../src/metrics/curve-metrics.js';
import { curveMeans } from '../../src/metrics/curves.js';
import { requestLatency } from '../../src/metrics/request-metrics.js';
import { clientMetrics } from '../../src/telemetry/client-metrics.js';
import type { SeriesMetric, TimeSeries } from '../../src/telemetry/time-series.js';
import { chartRunOf, type Drawn, tableOf, ttftObjective } from './runs.js';

describe('a run as charts see it', () => {
  it('counts time from the first start, whatever the order of the records', () => {
    const run = chartRunOf([
      { at: 2, end: 4, latency: 2000 },
      { at: 1.5, end: 5, failed: true, latency: 3 },
    ]);
    expect([run.startS(0), run.endS(0), run.startS(1), run.seconds]).toEqual([0.5, 2.5, 0, 3.5]);
    expect([run.length, run.failedCount, run.isFailed(0), run.isFailed(1)]).toEqual([2, 1, false, true]);
    expect([run.value(requestLatency, 0), run.value(requestLatency, 1)]).toEqual([2000, Number.NaN]);
    expect([...run.byStart()]).toEqual([1, 0]);
  });
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

describe('curves are means within windows', () => {
  /** Requests in flight, those that wait, tokens a second, tokens. */
  const means = (requests: readonly Drawn[], windows: number) => {
    const metrics = [
      ...[effectiveConcurrency, effectivePrefillConcurrency],
      ...[effectiveDecodeThroughput, tokensInFlight],
    ];
    return curveMeans(tableOf(requests), metrics, windows).map((curve) =>
      Array.from(curve, (mean) => Number(mean.toPrecision(12))),
    );
  };

  it('of what came gap by gap', () => {
    // 0 to 4 s, first token after 1 s, 10 tokens in, 6 out: one a gap, at 1.5, 2, 3, 3.5 and 4 s.
    // 2 to 3 s failed: in flight only; it has no first token, so it does not wait for one.
    expect(
      means(
        [
          { at: 0, end: 4, ttft: 1000, latency: 4000, isl: 10, osl: 6, gaps: [500, 500, 1000, 500, 500] },
          { at: 2, end: 3, failed: true },
        ],
        2,
      ),
    ).toEqual([
      [1, 1.5],
      [0.5, 0],
      // Two tokens in 2 s, then three.
      [1, 1.5],
      // (10 + 11 / 2 + 12 / 2) / 2, and (13 + 14 / 2 + 15 / 2) / 2.
      [10.75, 13.75],
    ]);
  });

  it('of even gaps where chunks are not recorded', () => {
    // Five gaps of 600 ms, one token each: 5 / 3 a second. 11 tokens from 1 s, 12 from 1.6, and so on.
    expect(means([{ at: 0, end: 4, ttft: 1000, latency: 4000, isl: 10, osl: 6 }], 2)).toEqual([
      [1, 1],
      [0.5, 0],
      [0.833333333333, 1.66666666667],
      // (10 + 11 * 0.6 + 12 * 0.4) / 2, and (12 * 0.2 + (13 + 14 + 15) * 0.6) / 2.
      [10.7, 13.8],
    ]);
  });

  it('of even gaps from the start where nothing was streamed', () => {
    // Eight gaps of 500 ms: two tokens a second; 11 tokens from 0 s, 12 from 0.5, 18 from 3.5.
    expect(means([{ at: 0, end: 4, latency: 4000, isl: 10, osl: 9 }], 2)).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
      [12.5, 16.5],
    ]);
  });

  it('and the rate over all windows comes to the tokens but the first', () => {
    const [, , rate = []] = means(
      [
        { at: 0, end: 1, ttft: 333, latency: 990, isl: 5, osl: 17 },
        { at: 0.7, end: 2.3, ttft: 100, latency: 100, isl: 5, osl: 1 },
      ],
      7,
    );
    expect(rate.reduce((sum, mean) => sum + (mean * 2.3) / 7, 0)).toBeCloseTo(16, 9);
  });

  it('with tokens in flight from the last of a request to its end', () => {
    // Five gaps of 200 ms: (10 + (11 + 12 + 13 + 14 + 15) / 5) / 2, then 16 to the end.
    expect(means([{ at: 0, end: 4, ttft: 1000, latency: 2000, isl: 10, osl: 6 }], 2)[3]).toEqual([11.5, 16]);
  });
});

describe('a metric over time', () => {
  const run = chartRunOf(
    [
      { at: 0, end: 1, ttft: 100 },
      { at: 0.5, end: 2, failed: true },
      { at: 1, end: 2, ttft: 400 },
    ],
    { objectives: [ttftObjective] },
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
    expect(overTime(ttft).data(chartRunOf([{ at: 0, end: 1 }]))).toBeUndefined();
  });
});

describe('client delays and lag over time', () => {
  const { late, gc, readLag } = clientMetrics;
  /** @param values milliseconds by second. */
  const seriesOf = (metric: SeriesMetric, thread: string, values: Record<number, number>): TimeSeries => ({
    ...{ metric, source: 'client', labels: { thread } },
    times: Float64Array.from(Object.keys(values), (second) => Number(second) * 1e9),
    values: Float64Array.from(Object.values(values)),
  });
  const fourSeconds = [{ at: 10, end: 14 }];

  it('are the share of each second in the load thread that has most of it', () => {
    const series = [
      seriesOf(late, '0', { 10: 0, 11: 50, 12: 50, 13: 150 }),
      // 400 ms in two seconds.
      seriesOf(late, '1', { 11: 0, 13: 400 }),
      seriesOf(gc, '0', { 9: 0, 14: 50 }),
    ];
    expect(clientDelaysOverTime.data(chartRunOf(fourSeconds, { series }))).toEqual({
      subtitle: 'share of the load thread with the longest',
      seconds: 4,
      curves: [
        // 5 %; 20 % beside 0; 20 % beside 10 %; nothing was observed in the last second.
        {
          name: 'More than 10 ms late',
          points: [
            [0.5, 5],
            [1.5, 20],
            [2.5, 20],
          ],
        },
        {
          name: 'Garbage collection',
          points: [
            [0.5, 1],
            [1.5, 1],
            [2.5, 1],
            [3.5, 1],
          ],
        },
      ],
    });
  });

  it('are the longest lag of all threads', () => {
    // Two values in the second window, none in the third.
    const series = [
      seriesOf(readLag, '0', { 10: 0.5, 11: 2, 13: 0 }),
      seriesOf(readLag, '1', { 10.5: 0.25, 11.5: 7, 11.75: 3 }),
    ];
    expect(clientLagOverTime.data(chartRunOf(fourSeconds, { series }))).toEqual({
      subtitle: 'longest of all load threads',
      seconds: 4,
      curves: [
        {
          name: 'Read lag',
          points: [
            [0.5, 0.5],
            [1.5, 7],
            [3.5, 0],
          ],
        },
      ],
    });
  });

  it('are left out of a run without series, and of one that is too short for them', () => {
    const series = [seriesOf(late, '0', { 10: 0, 11: 50 })];
    expect(clientDelaysOverTime.data(chartRunOf(fourSeconds))).toBeUndefined();
    expect(clientDelaysOverTime.data(chartRunOf([{ at: 10, end: 12.9 }], { series }))).toBeUndefined();
  });
});
