import { describe, expect, it } from 'vitest';
import { distributionChart } from '../../src/charts/distribution.js';
import { latencyHeatmap } from '../../src/charts/heatmap.js';
import { latency, ttft } from '../../src/charts/measures.js';
import { overTime } from '../../src/charts/over-time.js';
import { themes } from '../../src/charts/theme.js';
import { requestTimeline } from '../../src/charts/timeline.js';
import { sliceCharts } from '../../src/charts/timeslices.js';
import { ttftByIsl } from '../../src/charts/ttft-by-isl.js';
import { outputSequenceLength } from '../../src/metrics/request-metrics.js';
import { chartRunOf, type Drawn } from './runs.js';

describe('a metric over time, of 60 requests, one every 100 ms, of 1 to 60 ms', () => {
  const run = chartRunOf(
    Array.from({ length: 60 }, (_, i) => ({ at: i / 10, end: i / 10 + 0.05, ttft: i + 1 })),
  );

  it('has percentiles within windows, each drawn at the middle of what the run has of it', () => {
    // Three windows of 20 requests, 2 s each, the last up to the end at 5.95 s. Of 1 to 20: 10.5, and 18.1 at rank 17.1.
    const data = overTime(ttft).data(run);
    const series: unknown = data && overTime(ttft).option(data, themes.light).series;
    expect(series).toMatchObject([
      { name: 'Request' },
      { name: 'Median, within 2 s', data: [[1, 10.5], [3, 30.5], [4.975, 50.5]] }, // biome-ignore format: one series a line
      { name: '90th percentile, within 2 s', data: [[1, 18.1], [3, 38.1], [4.975, 58.1]] }, // biome-ignore format: one series a line
    ]);
  });
});

describe('outliers', () => {
  // p99 is the value of rank 99, 200 ms: the axis ends at three times that.
  const values = [...Array.from({ length: 99 }, (_, i) => i + 1), 200, 1000];
  const run = chartRunOf(values.map((ms, i) => ({ at: i, end: i + ms / 1000, latency: ms })));

  it('of a distribution are counted, and the rest is drawn', () => {
    // Bars of 600 / 60 ms; one of 101 requests is 0.990099 %.
    const data = distributionChart(latency).data(run);
    expect(data?.subtitle).toMatch(/; 1 above 210 ms not drawn$/);
    expect(data?.bars.at(-1)).toEqual([200, 210, 0.990099]);
  });

  it('of a heatmap are in its top row', () => {
    // 101 s / 90 is 2 a column, 600 ms / 40 is 20 a row.
    const data = latencyHeatmap.data(run);
    expect(data?.subtitle).toBe('101 requests; cells of 2 s and 20 ms; the top row holds 1 above 600 ms');
    expect(data?.cells.slice(-3)).toEqual([
      [98, 80, 1],
      [98, 200, 1],
      [100, 600, 1],
    ]);
  });
});

it('a distribution of many values has 500 steps, each where so many of them lie', () => {
  const run = chartRunOf(Array.from({ length: 1000 }, (_, i) => ({ at: i, end: i + 1, ttft: i + 1 })));
  const steps = distributionChart(ttft).data(run)?.steps;
  expect(steps).toHaveLength(501);
  expect([steps?.[1], steps?.[250], steps?.at(-1)]).toEqual([
    [2, 0.2],
    [500, 50],
    [1000, 100],
  ]);
});

it('an objective that asks for more is met by what equals it', () => {
  const metric = outputSequenceLength;
  const objectives = [{ slo: { tag: metric.tag, limit: 400 }, metric, limit: 400 }];
  const run = chartRunOf(
    [100, 400].map((osl) => ({ at: 0, end: 1, osl })),
    { objectives },
  );
  const chart = distributionChart({ metric, key: 'osl', label: 'Output length', unit: 'tokens' });
  expect(chart.data(run)?.subtitle).toMatch(/; 50 % meet the SLO$/);
});

describe('slices', () => {
  const two: readonly Drawn[] = [
    { at: 0, end: 2, osl: 4 },
    { at: 1, end: 4, osl: 6 },
  ];
  const throughput = (requests: readonly Drawn[], sliceSeconds: number) =>
    sliceCharts.at(-1)?.data(chartRunOf(requests, { sliceSeconds }));

  it('the last, which the end of the run cuts short, is left out', () => {
    expect(throughput([...two, { at: 3.5, end: 4.5, osl: 9 }], 2.5)).toMatchObject({
      subtitle: '1 slice of 2.5 s; the last, which the end of the run cuts short, is left out',
      bars: [[0, 2.5, 4]],
    });
  });

  it('unless there is no other: it counts as long as the run lasts', () => {
    expect(throughput(two, 10)).toMatchObject({ subtitle: '1 slice of 10 s', bars: [[0, 4, 2.5]] });
  });
});

describe('first tokens by the length of the prompt', () => {
  /** Ten requests of each length, the first of 1 to 10 ms, the second of 10 to 100; nine of a length between. */
  const run = (first: number, between: number, second: number) =>
    chartRunOf(
      [
        ...Array.from({ length: 10 }, (_, i) => ({ isl: first, ttft: i + 1 })),
        ...Array.from({ length: 10 }, (_, i) => ({ isl: second, ttft: 10 * (i + 1) })),
        ...Array.from({ length: 9 }, () => ({ isl: between, ttft: 1 })),
      ].map((request, i) => ({ at: i, end: i + 1, ...request })),
    );

  it('with the median of each window that holds ten', () => {
    // 100 / 25 is 5 tokens a window.
    expect(ttftByIsl.data(run(100, 150, 200))).toMatchObject({
      isLogarithmic: false,
      medians: [
        [102.5, 5.5],
        [202.5, 55],
      ],
    });
  });

  it('lengths that are far apart by their logarithms', () => {
    // lg 20 = 1.301 and lg 2000 = 3.301; windows of 0.1, whose middles are 10 ** 1.35 and 10 ** 3.35.
    expect(ttftByIsl.data(run(20, 200, 2000))).toMatchObject({
      isLogarithmic: true,
      medians: [
        [22.3872, 5.5],
        [2238.72, 55],
      ],
    });
  });
});

describe('the timeline', () => {
  it('of more lanes than are seen shows every so many whole', () => {
    const run = chartRunOf(Array.from({ length: 150 }, (_, i) => ({ at: i / 1000, end: 10 })));
    expect(requestTimeline.data(run)).toMatchObject({ subtitle: '150 requests; 75 of 150 lanes', lanes: 75 });
  });

  it('of more requests than are seen shows the first', () => {
    const run = chartRunOf(Array.from({ length: 2500 }, (_, i) => ({ at: i, end: i + 1 })));
    expect(requestTimeline.data(run)).toMatchObject({
      subtitle: '2,500 requests; the first 2,000 s',
      seconds: 2000,
      lanes: 1,
    });
  });
});
