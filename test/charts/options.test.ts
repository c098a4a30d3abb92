import { describe, expect, it } from 'vitest';
import type { Chart } from '../../src/charts/chart.js';
import { type Comparison, comparisonCharts } from '../../src/charts/comparison-charts.js';
import { distributionChart } from '../../src/charts/distribution.js';
import { latencyHeatmap } from '../../src/charts/heatmap.js';
import { traceLengths } from '../../src/charts/lengths-chart.js';
import { latency, ttft } from '../../src/charts/measures.js';
import { overTime } from '../../src/charts/over-time.js';
import { pixelRatio, svgToPng } from '../../src/charts/png.js';
import { runCharts } from '../../src/charts/run-charts.js';
import { chartSvg, size } from '../../src/charts/svg.js';
import { themes } from '../../src/charts/theme.js';
import { requestTimeline } from '../../src/charts/timeline.js';
import { sliceCharts } from '../../src/charts/timeslices.js';
import { traceCharts } from '../../src/charts/trace-charts.js';
import { ttftByIsl } from '../../src/charts/ttft-by-isl.js';
import { type ComparedPoint, weigh } from '../../src/metrics/trade-off.js';
import { clientMetrics } from '../../src/telemetry/client-metrics.js';
import { serverMetrics } from '../../src/telemetry/server-metrics.js';
import type { Labels, SeriesMetric, TimeSeries } from '../../src/telemetry/time-series.js';
import { chartRunOf, type Drawn, ttftObjective, ttftWithin } from './runs.js';

/** A series of what a chart draws. */
function series<Source, Data>(chart: Chart<Source, Data>, source: Source, index: number) {
  const data = chart.data(source);
  if (data === undefined) throw new Error(`${chart.name} has nothing to draw`);
  const { series: all } = chart.option(data, themes.light);
  const found: unknown = Array.isArray(all) ? all[index] : undefined;
  return found;
}

const two: readonly Drawn[] = [
  { at: 0, end: 2, ttft: 100, itl: 10, latency: 2000, isl: 8, osl: 4 },
  { at: 1, end: 4, ttft: 400, itl: 20, latency: 3000, isl: 16, osl: 6 },
];

describe('what is drawn of a run', () => {
  it('requests at the times they were sent, with the objective as a line', () => {
    expect(series(overTime(ttft), chartRunOf(two, { objectives: [ttftObjective] }), 0)).toMatchObject({
      type: 'scatter',
      data: [
        [0, 100],
        [1, 400],
      ],
      markLine: { data: [{ yAxis: 370 }], label: { formatter: 'SLO 370 ms' } },
    });
  });

  it('an objective above all values is seen', () => {
    const chart = overTime(ttft);
    const yAxis = (limit: number) => {
      const data = chart.data(chartRunOf(two, { objectives: [ttftWithin(limit)] }));
      return data === undefined ? undefined : chart.option(data, themes.light).yAxis;
    };
    // 1.05 * 450 is 472.5: the next round number is 500.
    expect(yAxis(450)).toMatchObject({ max: 500 });
    expect(yAxis(399)).not.toHaveProperty('max');
  });

  it('a histogram above the cumulative distribution, in percent', () => {
    const chart = distributionChart(latency);
    // 2000 and 3000 ms: p99 is 2990, so the axis takes both; 3000 / 60 = 50 ms a bar.
    const run = chartRunOf(two);
    expect(series(chart, run, 0)).toMatchObject({
      data: [
        [2000, 2050, 50],
        [3000, 3050, 50],
      ],
    });
    expect(series(chart, run, 1)).toMatchObject({
      data: [
        [0, 0],
        [2000, 50],
        [3000, 100],
      ],
    });
    expect(distributionChart(ttft).data(chartRunOf(two, { objectives: [ttftObjective] }))?.subtitle).toBe(
      // Of 100 and 400: 100 + 0.5 * 300, + 0.9 * 300, + 0.99 * 300; one of two is at most 370.
      '2 requests; p50 250 ms; p90 370 ms; p99 397 ms; 50 % meet the SLO',
    );
  });

  it('an objective near the values is drawn in their distribution, one far off is not', () => {
    // 100 and 400 ms in bars of 10: the axis ends at 410.
    const chart = distributionChart(ttft);
    const drawn = (limit: number) => {
      const run = chartRunOf(two, { objectives: [ttftWithin(limit)] });
      const data = chart.data(run);
      const xAxis = data === undefined ? undefined : chart.option(data, themes.light).xAxis;
      return [xAxis, JSON.stringify(series(chart, run, 0)).includes('markLine')];
    };
    expect(drawn(370)).toMatchObject([[{ max: 410 }, { max: 410 }], true]);
    // 1.05 * 1000; 3 * 410 is 1230.
    expect(drawn(1000)).toMatchObject([[{ max: 1050 }, { max: 1050 }], true]);
    expect(drawn(1231)).toMatchObject([[{ max: 410 }, { max: 410 }], false]);
  });

  it('an outlier is counted, not drawn', () => {
    // 200 requests of 10 ms, one of 10 s: p99 is 10 ms, the axis ends at 30.
    const run = chartRunOf(
      Array.from({ length: 201 }, (_, i) => ({ at: i, end: i + 1, ttft: i === 7 ? 10_000 : 10 })),
    );
    expect(distributionChart(ttft).data(run)).toMatchObject({
      subtitle: '201 requests; p50 10 ms; p90 10 ms; p99 10 ms; 1 above 10.5 ms not drawn',
      bars: [[10, 10.5, 99.5025]],
    });
  });

  it('lanes hold what never runs at once; failed requests stand apart', () => {
    const run = chartRunOf([
      { at: 0, end: 2, ttft: 500, latency: 2000 },
      { at: 1, end: 4, ttft: 1000, latency: 3000 },
      { at: 2, end: 3, failed: true },
    ]);
    expect(requestTimeline.data(run)).toEqual({
      subtitle: '3 requests, 1 failed',
      seconds: 4,
      lanes: 2,
      parts: [
        {
          name: 'Waiting for the first token',
          colour: 'second',
          spans: [
            [0, 0.5, 0],
            [1, 2, 1],
          ],
        },
        {
          name: 'Receiving tokens',
          colour: 'first',
          spans: [
            [0.5, 2, 0],
            [2, 4, 1],
          ],
        },
        { name: 'Failed', colour: 'bad', spans: [[2, 3, 0]] },
      ],
    });
  });

  it('cells of the heatmap count requests', () => {
    // 4 s / 90 is 0.05 a column, 3000 ms / 40 is 100 a row.
    expect(latencyHeatmap.data(chartRunOf(two))).toMatchObject({
      width: 0.05,
      height: 100,
      cells: [
        [0, 2000, 1],
        [1, 3000, 1],
      ],
    });
  });

  it('slices: percentiles and tokens a second of the requests that started in them', () => {
    const run = chartRunOf([...two, { at: 2.5, end: 4.5, ttft: 200, latency: 2000, osl: 5 }], {
      sliceSeconds: 2,
    });
    const [byTtft, , , throughput] = sliceCharts.map((chart) => chart.data(run));
    // 100 and 400: p90 100 + 0.9 * 300. The third window, 4 to 6 s, would have no request.
    expect(byTtft).toMatchObject({
      subtitle: '2 slices of 2 s',
      bars: [
        [0, 2, 370, 250],
        [2, 4, 200, 200],
      ],
    });
    // 4 + 6 tokens over 2 s; 5 over 2 s.
    expect(throughput).toMatchObject({
      bars: [
        [0, 2, 5],
        [2, 4, 2.5],
      ],
    });
  });

  it('first tokens by the length of the prompt', () => {
    expect(series(ttftByIsl, chartRunOf(two), 0)).toMatchObject({
      data: [
        [8, 100],
        [16, 400],
      ],
    });
  });

  it('lengths of a trace', () => {
    const lengths = { input: Float64Array.of(1, 1, 3), output: new Float64Array() };
    expect(series(traceLengths, lengths, 0)).toMatchObject({
      data: [
        [1, 2, 2],
        [3, 4, 1],
      ],
    });
  });

  it('hit rate and token rates of a trace', () => {
    const statistics = {
      count: 1,
      mean: 1,
      std: 0,
      min: 1,
      p5: 1,
      p25: 1,
      median: 1,
      p75: 1,
      p90: 1,
      p95: 1,
      p99: 1,
      max: 1,
    };
    const load = { seconds: 10, requests: [1, 1], inputTokens: [50, 100], outputTokens: [20, 0] };
    const figures = {
      ...{ requests: 2, inputLength: statistics, outputLength: statistics, totalLength: statistics },
      ...{
        contextLength: statistics,
        uniqueLength: statistics,
        hitRate: statistics,
        longShares: [],
        sizes: [],
      },
      ...{ uniquePrefixes: 2, prefixGroups: 1, prefixReuseRatio: 0, sessions: undefined },
      arrivals: {
        ...{ durationMs: 1, perSecond: 1, gaps: undefined, goesBackAtLine: undefined, load },
        windows: { seconds: 10, requests: [1, 1] },
      },
      cache: {
        ...{ blocks: 4, blockSize: 512, infiniteHitRate: 0.5, limited: undefined },
        curve: {
          sampledShare: 1,
          points: [
            { blocks: 1, hitRate: 0.25 },
            { blocks: 2, hitRate: 0.5 },
          ],
        },
      },
    };
    const lengths = { input: Float64Array.of(1), output: Float64Array.of(1) };
    const [, hitRate, tokens] = traceCharts;
    if (hitRate === undefined || tokens === undefined) throw new Error('charts are missing');
    expect(series(hitRate, { lengths, figures }, 0)).toMatchObject({
      data: [
        [1, 25],
        [2, 50],
      ],
    });
    // 50 and 100 tokens in 10 s each, drawn to the end of the second.
    expect(series(tokens, { lengths, figures }, 0)).toMatchObject({
      data: [
        [0, 5],
        [10, 10],
        [20, 10],
      ],
    });
    expect(hitRate.data({ lengths, figures: undefined })).toBeUndefined();
  });
});

const exactly = (mean: number) => ({ mean, ciLow: mean, ciHigh: mean, noise: 0 });

/** The walkthrough's kind of sweep: throughput levels off while users wait. */
function comparison(): Comparison {
  const points = [
    [10, 1240, 124, 210, 5200],
    [50, 4100, 82, 390, 7600],
    [100, 5800, 58, 720, 10_800],
    [200, 5700, 34, 1900, 17_500],
  ].map(
    ([load = 0, throughput = 0, perUser = 0, ttft = 0, latency = 0]): ComparedPoint => ({
      name: String(load),
      runs: 1,
      load,
      throughput: exactly(throughput),
      perUser: exactly(perUser),
      goodShare: load > 100 ? 0.4 : 0.99,
      ttft: exactly(ttft),
      latency: exactly(latency),
      clientLimited: load === 200,
    }),
  );
  return {
    points,
    verdict: weigh(points, 0.95),
    gpus: 2,
    subject: 'concurrency',
    limits: { perUser: 40 },
    hasObjectives: true,
  };
}

describe('what is drawn of several runs', () => {
  it('the frontier in tokens a second and GPU, and the region of the objective', () => {
    const [interactivity] = comparisonCharts;
    if (interactivity === undefined) throw new Error('there is no chart');
    // 200 in flight is beaten by 100 on both axes.
    expect(series(interactivity, comparison(), 0)).toMatchObject({
      data: [
        [58, 2900],
        [82, 2050],
        [124, 620],
      ],
      markArea: { data: [[{ xAxis: 40 }, { xAxis: Number.POSITIVE_INFINITY }]] },
    });
    expect(series(interactivity, comparison(), 2)).toMatchObject({
      name: 'Misses the SLO',
      data: [{ name: '200', value: [34, 2850], label: { formatter: '200 (client limited)' } }],
    });
  });

  it('two runs alike are not joined by a frontier', () => {
    const [interactivity] = comparisonCharts;
    if (interactivity === undefined) throw new Error('there is no chart');
    const whole = comparison();
    const points = whole.points.slice(0, 1).flatMap((point) => [point, { ...point, name: 'again' }]);
    const alike = { ...whole, points, verdict: weigh(points, 0.95) };
    expect(series(interactivity, alike, 0)).toMatchObject({ data: [] });
    expect(series(interactivity, alike, 1)).toMatchObject({
      data: [{ name: '10', label: { formatter: '10' } }, { name: 'again' }],
    });
  });

  it('the frontier against latency, of which less is better', () => {
    const chart = comparisonCharts.find(({ name }) => name.endsWith('_vs_latency'));
    if (chart === undefined) throw new Error('there is no chart');
    // 200 in flight takes longest and gives less than 100 do.
    expect(series(chart, comparison(), 0)).toMatchObject({
      data: [
        [5200, 620],
        [7600, 2050],
        [10_800, 2900],
      ],
    });
  });

  it('power in the order of load, and tokens per joule with their frontier, where GPUs were read', () => {
    const whole = comparison();
    const drawn = (name: string, compared: Comparison) => {
      const chart = comparisonCharts.find((each) => each.name === name);
      return chart?.data(compared) === undefined ? undefined : series(chart, compared, 0);
    };
    expect(drawn('gpu_power_vs_throughput', whole)).toBeUndefined();
    expect(drawn('tokens_per_joule_vs_interactivity', whole)).toBeUndefined();
    const watts = [300, 800, 1200, 1250];
    const powered = {
      ...whole,
      points: whole.points.map((point, i) => ({
        ...point,
        gpuPower: exactly(watts[i] ?? 0),
        tokensPerJoule: exactly((point.throughput?.mean ?? 0) / (watts[i] ?? 1)),
      })),
    };
    expect(drawn('gpu_power_vs_throughput', powered)).toMatchObject({
      data: [
        [1240, 300],
        [4100, 800],
        [5800, 1200],
        [5700, 1250],
      ],
    });
    // 100 and 200 in flight give fewer tokens per joule, and less to each user, than 50.
    expect(drawn('tokens_per_joule_vs_interactivity', powered)).toMatchObject({
      data: [
        [82, 5.125],
        [124, 4.13333],
      ],
    });
  });

  it('first tokens in the order of load', () => {
    const chart = comparisonCharts.find(({ name }) => name === 'ttft_vs_throughput');
    if (chart === undefined) throw new Error('there is no chart');
    expect(series(chart, comparison(), 0)).toMatchObject({
      data: [
        [1240, 210],
        [4100, 390],
        [5800, 720],
        [5700, 1900],
      ],
    });
  });
});

describe('pictures', () => {
  const seriesOf = (metric: SeriesMetric, labels: Labels): TimeSeries => ({
    ...{ metric, source: 'here', labels },
    times: Float64Array.of(0, 4e9),
    values: Float64Array.of(0, 20),
  });
  const gpuMetrics = ['nvidia_gpu_utilization', 'nvidia_power_usage'].map((name) => ({
    ...{ name, unit: '', kind: 'gauge' as const },
  }));
  const telemetry = [
    ...[clientMetrics.late, clientMetrics.readLag, ...Object.values(serverMetrics)].map((metric) =>
      seriesOf(metric, { thread: '0' }),
    ),
    // More than there are lines for.
    ...['0', '1', '2', '3', '4'].flatMap((gpu) => gpuMetrics.map((metric) => seriesOf(metric, { gpu }))),
  ];
  const session = two.map((request, turn) => ({ ...request, turn }));
  const offered = {
    ...{ isInFlight: false, lostName: 'Shard 1' },
    slices: [{ startSeconds: 0, endSeconds: 2, planned: 4, achieved: 2, lostAchieved: 1 }],
    losses: [{ text: 'Shard 1 lost', atSeconds: 1 }],
  };
  const settings = { objectives: [ttftObjective], sliceSeconds: 1, series: telemetry, offered };
  const run = chartRunOf(session, settings);

  it.each(runCharts.map((chart) => [chart.name, chart] as const))('%s has its title', (_, chart) => {
    const data = chart.data(run);
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    for (const theme of [themes.light, themes.dark]) {
      const svg = chartSvg(chart.option(data, theme));
      expect(svg).toContain(`>${chart.title}</text>`);
      expect(svg).toContain(`fill="${theme.paper}"`);
      expect(svg).not.toContain('NaN');
    }
  });

  it('a PNG is as large as the drawing, times the pixel ratio', () => {
    const chart = overTime(ttft);
    const data = chart.data(run);
    if (data === undefined) throw new Error('nothing to draw');
    const png = svgToPng(chartSvg(chart.option(data, themes.dark)));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    // Width and height stand in the header's first chunk.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
      size.width * pixelRatio,
      size.height * pixelRatio,
    ]);
  });
});
