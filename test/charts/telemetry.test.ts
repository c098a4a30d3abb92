import { describe, expect, it } from 'vitest';
import { telemetryCharts } from '../../src/charts/telemetry-over-time.js';
import { themes } from '../../src/charts/theme.js';
import { serverMetrics } from '../../src/telemetry/server-metrics.js';
import type { Labels, SeriesMetric, TimeSeries } from '../../src/telemetry/time-series.js';
import { chartRunOf } from './runs.js';

const power: SeriesMetric = { name: 'nvidia_power_usage', unit: 'W', kind: 'gauge' };
const utilization: SeriesMetric = { name: 'nvidia_gpu_utilization', unit: '%', kind: 'gauge' };
const { waiting, running, kvCacheUsage, preemptions } = serverMetrics;

/** @param values by second. */
function series(
  metric: SeriesMetric,
  labels: Labels,
  values: Readonly<Record<number, number>>,
  source = 'http://vllm-0:8000/metrics',
): TimeSeries {
  // Keys that are no integers are in the order in which they are written, and behind integers.
  const sorted = Object.entries(values).sort(([a], [b]) => Number(a) - Number(b));
  return {
    ...{ metric, source, labels },
    times: Float64Array.from(sorted, ([second]) => Number(second) * 1e9),
    values: Float64Array.from(sorted, ([, value]) => value),
  };
}

/** A run from 10 to 12 s: four windows of half a second. */
const twoSeconds = [{ at: 10, end: 12, ttft: 100, latency: 2000, osl: 4 }];

function chartOf(name: string) {
  const chart = telemetryCharts.find((each) => each.name === `${name}_over_time`);
  if (chart === undefined) throw new Error(`there is no chart ${name}`);
  return chart;
}

const dataOf = (name: string, all: readonly TimeSeries[]) =>
  chartOf(name).data(chartRunOf(twoSeconds, { series: all }));

describe('servers and GPUs over time', () => {
  it('one series is the mean of each half second, cut to the run', () => {
    const queue = series(waiting, { engine: '0' }, { 9: 90, 10: 1, 10.25: 2, 10.5: 4, 11.75: 7, 12: 80 });
    expect(dataOf('server_requests_waiting', [queue])).toEqual({
      subtitle: 'vllm-0:8000',
      seconds: 2,
      lines: [
        {
          name: 'vllm-0:8000',
          points: [
            [0.25, 1.5],
            [0.75, 4],
            [1.75, 7],
          ],
        },
      ],
      range: [],
      throughput: [],
    });
  });

  it('a ratio is shown in percent, on an axis up to 100 where it is used', () => {
    const usage = (value: number) =>
      dataOf('server_kv_cache_usage', [series(kvCacheUsage, {}, { 10: value })]);
    const axisOf = (data: ReturnType<typeof usage>) =>
      data && chartOf('server_kv_cache_usage').option(data, themes.light).yAxis;
    expect(usage(0.5)?.lines[0]?.points).toEqual([[0.25, 50]]);
    expect(axisOf(usage(0.5))).toMatchObject({ name: 'KV-cache usage (%)', max: 100 });
    expect(axisOf(usage(0.05))).not.toHaveProperty('max');
  });

  it('a counter is its rate, and preemptions are drawn only where there were any', () => {
    const counted = (end: number) =>
      dataOf('server_preemptions', [series(preemptions, {}, { 10: 5, 11: 5, 12: end })]);
    expect(counted(5)).toBeUndefined();
    expect(counted(8)?.lines[0]?.points).toEqual([
      [0.25, 0],
      [0.75, 0],
      [1.25, 3],
      [1.75, 3],
    ]);
  });

  it('up to four series are lines, named by what tells them apart', () => {
    const names = (...all: TimeSeries[]) => {
      const data = dataOf(all[0]?.metric === power ? 'gpu_power' : 'server_requests_running', all);
      return [data?.subtitle, ...(data?.lines ?? []).map(({ name }) => name)];
    };
    const at = { 10: 1 };
    const gpu = (index: number, source?: string) =>
      series(power, { gpu: `${index}`, uuid: `GPU-${index}`, model: 'H100' }, at, source);
    expect(names(gpu(0), gpu(1))).toEqual(['2 GPUs', 'GPU 0', 'GPU 1']);
    expect(names(gpu(0, 'http://a:9400/metrics'), gpu(0, 'http://b:9400/metrics'))).toEqual([
      '2 GPUs',
      'a:9400',
      'b:9400',
    ]);
    expect(
      names(
        gpu(0, 'http://a:9400/metrics'),
        gpu(1, 'http://a:9400/metrics'),
        gpu(0, 'http://b:9400/metrics'),
      ),
    ).toEqual(['3 GPUs', 'a:9400 GPU 0', 'a:9400 GPU 1', 'b:9400 GPU 0']);
    expect(names(series(running, { engine: '0' }, at), series(running, { engine: '1' }, at))).toEqual([
      '2 servers',
      'engine 0',
      'engine 1',
    ]);
  });

  it('of more than four, the mean and the range', () => {
    const gpus = [0, 1, 2, 3, 4].map((gpu) =>
      series(power, { gpu: `${gpu}` }, gpu === 4 ? { 10: 500 } : { 10: 100 * gpu, 11: 700 }),
    );
    expect(dataOf('gpu_power', gpus)).toEqual({
      subtitle: 'mean and range of 5 GPUs',
      seconds: 2,
      lines: [
        {
          name: 'Mean',
          points: [
            // (0 + 100 + 200 + 300 + 500) / 5.
            [0.25, 220],
            [1.25, 700],
          ],
        },
      ],
      range: [
        [0, 0.5, 0, 500],
        [1, 1.5, 700, 700],
      ],
      throughput: [],
    });
  });

  it('a line is broken where its source was away for long', () => {
    const gauge = { 10: 1, 10.5: 2, 11: 3, 15: 4 };
    const run = chartRunOf([{ at: 10, end: 16 }], { series: [series(waiting, {}, gauge)] });
    expect(chartOf('server_requests_waiting').data(run)?.lines[0]?.points).toEqual([
      [0.25, 1],
      [0.75, 2],
      [1.25, 3],
      [3.25, null],
      [5.25, 4],
    ]);
  });

  it('the utilization of GPUs has the output tokens of the client on a second axis', () => {
    const data = dataOf('gpu_utilization_and_throughput', [
      series(utilization, { gpu: '0' }, { 10: 80, 11: 90 }),
    ]);
    if (data === undefined) throw new Error('nothing to draw');
    // 3 tokens in the 1.9 s after the first.
    expect(data.throughput.at(-1)).toEqual([1.99667, 1.57895]);
    const option = chartOf('gpu_utilization_and_throughput').option(data, themes.light);
    expect(option.yAxis).toMatchObject([{ max: 100 }, { name: 'Effective decode throughput (tokens/sec)' }]);
    expect(option.series).toMatchObject([
      { yAxisIndex: 1 },
      {
        name: 'GPU utilization',
        data: [
          [0.25, 80],
          [1.25, 90],
        ],
      },
    ]);
  });

  it('is nothing for a run without such series, and for one that is too short', () => {
    const run = chartRunOf(twoSeconds);
    expect(telemetryCharts.map((chart) => chart.data(run))).toEqual(telemetryCharts.map(() => undefined));
    const short = chartRunOf([{ at: 10, end: 11.4 }], { series: [series(waiting, {}, { 10: 1, 11: 2 })] });
    expect(chartOf('server_requests_waiting').data(short)).toBeUndefined();
    // Read before the run and after it only.
    const idle = series(waiting, {}, { 9: 1, 13: 2 });
    expect(dataOf('server_requests_waiting', [idle])).toBeUndefined();
  });
});
