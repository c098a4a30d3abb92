import { describe, expect, it } from 'vitest';
import { gpuPower } from '../../src/metrics/gpu-power.js';
import { gpuResults } from '../../src/metrics/gpu-results.js';
import type { PoweredRun } from '../../src/metrics/metric.js';
import { powerResults } from '../../src/metrics/power-metrics.js';
import { GpuHistories, type GpuHistory } from '../../src/telemetry/gpu/gpu-history.js';
import { gpuMetrics, powerNames } from '../../src/telemetry/gpu/gpu-metrics.js';
import { gpuOf } from '../../src/telemetry/gpu/gpu-reading.js';
import { summary } from '../telemetry/gpu/golden-gpu.js';
import { goldenIsThere } from './golden.js';

const SECOND = 1e9;

/** One sample at each of these seconds. */
function history(
  seconds: readonly number[],
  values: Readonly<Record<string, readonly number[]>>,
  { uuid = 'GPU-0', source = 'http://node1:9400/metrics', index = 0 } = {},
): GpuHistory {
  const histories = new GpuHistories();
  for (const [i, second] of seconds.entries()) {
    const found = Object.entries(values).flatMap(([name, list]) => {
      const value = list[i] ?? Number.NaN;
      return Number.isNaN(value) ? [] : [[name, value] as const];
    });
    const reading = { gpu: gpuOf('nvidia', index, { uuid }), values: new Map(found) };
    histories.add({ source, atNs: second * SECOND, readings: [reading] });
  }
  return histories.all[0] as GpuHistory;
}

/** The phase of these tests lasts from second 1 to second 3. */
const phase = { fromNs: SECOND, toNs: 3 * SECOND };
const seconds = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5];

const resultsOf = (values: Readonly<Record<string, readonly number[]>>, at: readonly number[] = seconds) =>
  Object.fromEntries(
    gpuResults([history(at, values)], gpuMetrics, phase).flatMap(({ metrics }) =>
      metrics.map(({ name, statistics }) => [name, statistics]),
    ),
  );

describe('results of a GPU', () => {
  it('are statistics of a gauge within the phase, with the deviation of a sample', () => {
    const power = [9, 9, 100, 200, 300, 400, 500, 9];
    expect(resultsOf({ nvidia_power_usage: power }).nvidia_power_usage).toEqual({
      ...{ avg: 300, min: 100, max: 500, sum: 1500, count: 5, std: Math.sqrt(25_000) },
      ...{ p1: 104, p5: 120, p10: 140, p25: 200, p50: 300, p75: 400, p90: 460, p95: 480, p99: 496 },
    });
  });

  it('are the growth of a counter from the last sample before the phase to the first one after it', () => {
    const violation = [1, 3, 4, 5, 6, 7, 8, 11];
    // Samples at its very start and end are within: the reference is that at 0.5 s, the last that at 3 s.
    expect(resultsOf({ nvidia_power_violation: violation }).nvidia_power_violation).toEqual({ avg: 5 });
    const between = [0.2, 0.7, 1.2, 1.7, 2.2, 2.7, 3.2, 3.7];
    expect(resultsOf({ nvidia_power_violation: violation }, between).nvidia_power_violation).toEqual({
      avg: 5,
    });
  });

  it('count growth after a reset, and lost samples', () => {
    expect(resultsOf({ nvidia_power_violation: [1, 3, 4, Number.NaN, 6, 2, 3, 4] })).toEqual({
      nvidia_power_violation: { avg: 3 + 2 + 1 },
    });
  });

  it('count how often the code of the last XID error changed to another one', () => {
    const count = (codes: readonly number[]) =>
      resultsOf({ nvidia_xid_errors: codes }).nvidia_xid_errors?.avg;
    expect(count([31, 31, 31, 31, 31, 31, 31, 31])).toBe(0);
    expect(count([31, 31, 79, 79, 0, 79, 79, 31])).toBe(2);
  });

  it('need two samples of a counter, and one of a gauge', () => {
    expect(resultsOf({ nvidia_energy_consumption: [1] }, [2])).toEqual({});
    expect(resultsOf({ nvidia_power_usage: [1] }, [0.5])).toEqual({});
    expect(resultsOf({ nvidia_temperature: [60] }, [2]).nvidia_temperature).toMatchObject({
      avg: 60,
      std: 0,
    });
  });

  it('are in the order of sources, GPUs and metrics', () => {
    const a = 'http://a/metrics';
    const results = gpuResults(
      [
        history([2], { nvidia_temperature: [60] }, { source: 'http://b/metrics', index: 0 }),
        history([2], { nvidia_temperature: [61] }, { source: a, index: 10 }),
        history([2], { nvidia_temperature: [62], nvidia_power_usage: [1] }, { source: a, index: 9 }),
      ],
      gpuMetrics,
      phase,
    );
    expect(
      results.map(({ source, gpu, metrics }) => [source, gpu.index, metrics.map(({ header }) => header)]),
    ).toEqual([
      ['http://b/metrics', 0, ['NVIDIA GPU Temperature']],
      [a, 9, ['NVIDIA GPU Power Usage', 'NVIDIA GPU Temperature']],
      [a, 10, ['NVIDIA GPU Temperature']],
    ]);
  });
});

describe('power and energy', () => {
  const power = [300, 300, 300, 300, 300, 300, 300, 300];
  /** 400 W by the counter, in MJ. */
  const energy = seconds.map((second) => 5 + (400 * second) / 1e6);
  const powerOf = (...histories: GpuHistory[]) => gpuPower(histories, powerNames, phase);

  it('come from the energy counters', () => {
    const one = history(seconds, { nvidia_power_usage: power, nvidia_energy_consumption: energy });
    const two = history(
      seconds,
      { nvidia_power_usage: power, nvidia_energy_consumption: energy },
      { uuid: 'GPU-1', index: 1 },
    );
    const [found, ...others] = powerOf(one, two);
    expect(others).toEqual([]);
    // From 0.5 s to 3 s.
    expect(found).toMatchObject({ platform: 'nvidia', gpus: 2, integrated: 0, duplicates: 0, covered: 1 });
    expect(found?.joules).toBeCloseTo(2000, 6);
    expect(found?.phaseJoules).toBe(found?.joules);
    expect(found?.watts).toBeCloseTo(800, 6);
    expect(found?.sampledWatts).toBe(600);
    expect(found?.updates).toBe(5);
  });

  it('come from power samples without such a counter: by the trapezoidal rule, cut to the phase', () => {
    // From 1 s to 3 s along 150, 250, then 250: 0.5 · (200 + 250 + 250) + 0.25 · 225 … worked out below.
    const [found] = powerOf(history([0.5, 1.5, 2.5, 3.5], { nvidia_power_usage: [100, 200, 300, 300] }));
    // 1–1.5 s: mean of 150 and 200; 1.5–2.5 s: mean of 200 and 300; 2.5–3 s: 300.
    expect(found).toMatchObject({ integrated: 1, covered: 1, sampledWatts: 250 });
    expect(found?.joules).toBeCloseTo(0.5 * 175 + 250 + 0.5 * 300, 9);
    expect(found?.watts).toBeCloseTo(487.5 / 2, 9);
    expect(found?.updates).toBeUndefined();
  });

  it('extend the mean power to the phase where a GPU was measured for a part of it', () => {
    const [found] = powerOf(
      history([0.5, 1, 1.5, 2], { nvidia_energy_consumption: [5, 5.0002, 5.0004, 5.0006] }),
      history(seconds, { nvidia_energy_consumption: energy }, { uuid: 'GPU-1' }),
    );
    // 600 J in 1.5 s: 400 W, 800 J in the 2 s of the phase; and 1000 J in 2.5 s by the other.
    expect(found?.covered).toBe(0.5);
    expect(found?.joules).toBeCloseTo(1600, 6);
    expect(found?.phaseJoules).toBeCloseTo(1800, 6);
    expect(found?.watts).toBeCloseTo(800, 6);
  });

  it('count a GPU once that two sources report', () => {
    const [found] = powerOf(
      history(seconds, { nvidia_power_usage: power }, { source: 'pynvml://localhost' }),
      history(seconds, { nvidia_power_usage: power, nvidia_energy_consumption: energy }),
    );
    expect(found).toMatchObject({ gpus: 1, duplicates: 1, integrated: 0 });
    expect(found?.joules).toBeCloseTo(1000, 6);
  });

  it('do not bridge a gap in power samples', () => {
    const wide = { fromNs: 0, toNs: 20 * SECOND };
    const gap = history([0, 2, 18, 20], { nvidia_power_usage: [100, 100, 100, 100] });
    const [found] = gpuPower([gap], powerNames, wide);
    expect(found).toMatchObject({ joules: 400, covered: 0.2, phaseJoules: 2000, watts: 100 });
  });

  const run = (averages: Readonly<Record<string, number>>, concurrency?: number): PoweredRun => ({
    average: ({ tag }) => averages[tag],
    concurrency,
  });
  const valuesOf = (found: ReturnType<typeof powerResults>) =>
    Object.fromEntries(found.map(({ tag, statistics }) => [tag, statistics.avg]));

  it('leave out what the run has no figures for', () => {
    const measured = powerOf(history([1, 3], { nvidia_power_usage: [200, 200] }));
    expect(valuesOf(powerResults(measured, run({ request_count: 0 })))).toEqual({
      nvidia_performance_per_watt: 0,
      nvidia_average_gpu_power: 200,
      nvidia_total_gpu_energy: 400,
      nvidia_total_gpu_power: 200,
    });
  });

  it.runIf(goldenIsThere)('have the figures of AIPerf, to the last digit', () => {
    const golden = summary('gpu');
    const averages = Object.fromEntries(
      Object.entries<{ avg?: number }>(golden).flatMap(([tag, value]) =>
        typeof value?.avg === 'number' ? [[tag, value.avg] as const] : [],
      ),
    );
    // Two samples of each GPU around the phase, as far apart as it is long: AIPerf divides by its length.
    const { gpu_0: first, gpu_1: second } = golden.telemetry_data.endpoints['127.0.0.1:8000/gpu'].gpus;
    const nsOf = (time: string) => Number(time.slice(17, 19)) * 1e9 + Number(time.slice(20)) * 1e3;
    const window = { fromNs: nsOf(golden.start_time), toNs: nsOf(golden.end_time) };
    const histories = [first, second].map(({ gpu_uuid: uuid, metrics }) => ({
      ...{
        source: 'x',
        gpu: gpuOf('nvidia', 0, { uuid }),
        times: Float64Array.of(window.fromNs, window.toNs),
      },
      values: new Map([
        ['nvidia_energy_consumption', Float64Array.of(0, metrics.nvidia_energy_consumption.avg)],
      ]),
    }));
    const found = powerResults(gpuPower(histories, powerNames, window), run(averages, 2));
    const units = Object.fromEntries(found.map(({ tag, unit }) => [tag, unit]));
    for (const [tag, unit] of Object.entries(units)) expect([tag, golden[tag].unit]).toEqual([tag, unit]);
    const values = valuesOf(found);
    const same = [
      'total_gpu_energy',
      ...['energy_per_total_token', 'energy_per_output_token', 'energy_per_request', 'energy_per_user'],
      ...['output_tokens_per_joule', 'energy_delay_product'],
    ];
    for (const name of same) {
      expect([name, values[`nvidia_${name}`]]).toEqual([name, golden[`nvidia_${name}`].avg]);
    }
    // AIPerf divides two rates, which may cost the last digit; and its average is that of all GPUs together.
    const close = {
      performance_per_watt: 1,
      output_tps_per_watt: 1,
      goodput_per_watt: 1,
      average_gpu_power: 2,
    };
    for (const [name, factor] of Object.entries(close)) {
      expect((values[`nvidia_${name}`] ?? 0) * factor).toBeCloseTo(golden[`nvidia_${name}`].avg, 4);
    }
    expect(
      Object.keys(golden)
        .filter((tag) => tag.startsWith('nvidia_'))
        .sort(),
    ).toEqual([...Object.keys(values), 'nvidia_total_gpu_power'].sort());
  });
});
