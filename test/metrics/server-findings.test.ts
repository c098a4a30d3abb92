import { describe, expect, it } from 'vitest';
import { simulatedQueue, simulatedRequests } from '../../src/build/simulated-run.js';
import { association } from '../../src/metrics/association.js';
import { kvPressure } from '../../src/metrics/kv-pressure.js';
import { powerCap } from '../../src/metrics/power-cap.js';
import { queueEffect } from '../../src/metrics/queue-effect.js';
import { serverFindings } from '../../src/report/server-findings.js';
import { nvidia } from '../../src/telemetry/gpu/gpu-metrics.js';
import { serverMetrics } from '../../src/telemetry/server-metrics.js';
import type { TimeSeries } from '../../src/telemetry/time-series.js';

const seconds = 40;
const queue = simulatedQueue(1, seconds, 0.9);
const waitMs = (at: number) => 30 * (queue.values[Math.floor(at * 3)] ?? 0);

describe('association', () => {
  const times = Array.from({ length: 40 }, (_, i) => i);

  it('takes lines over time out before it compares variations', () => {
    // Both wave about lines of opposite slope.
    const wave = times.map((i) => [0, 1, 0, -1][i % 4] ?? 0);
    const up = wave.map((value, i) => value + i);
    const down = wave.map((value, i) => value - i);
    const { rho, p } = association(times, up, down);
    expect(rho).toBeGreaterThan(0.95);
    expect(p).toBeLessThan(0.0001);
  });

  it('takes two rising lines for an association, but not a rising and a falling one', () => {
    const noise = (seed: number) => times.map((i) => ((i * seed) % 11) / 11);
    const up = noise(7).map((value, i) => value + i / 4);
    expect(
      association(
        times,
        up,
        noise(5).map((value, i) => value + i / 4),
      ).p,
    ).toBeLessThan(0.001);
    expect(
      association(
        times,
        up,
        noise(5).map((value, i) => value - i / 4),
      ).p,
    ).toBeGreaterThan(0.05);
  });

  it('counts slow waves as few independent values', () => {
    const slow = (shift: number) => times.map((i) => Math.sin((i + shift) / 6));
    const { rho, p } = association(times, slow(0), slow(3));
    expect(rho).toBeGreaterThan(0.75);
    expect(p).toBeGreaterThan(0.001);
  });
});

describe('queueEffect', () => {
  it('finds a queue of which each request adds to the TTFT', () => {
    const effect = queueEffect(simulatedRequests(1, { seconds, coldSeconds: 0, waitMs }), [queue]);
    expect(effect?.p).toBeLessThan(0.00375);
    expect(effect?.long.queue).toBeGreaterThan(effect?.short.queue ?? Number.NaN);
    expect(effect?.long.ttftMs).toBeGreaterThan(1.1 * (effect?.short.ttftMs ?? Number.NaN));
  });

  it('finds none in a queue that has nothing to do with it', () => {
    expect(queueEffect(simulatedRequests(1, { seconds, coldSeconds: 0 }), [queue])).toBeUndefined();
  });

  it('needs 16 windows of a second, and someone who waits', () => {
    const requests = simulatedRequests(1, { seconds: 14, coldSeconds: 0, waitMs });
    expect(queueEffect(requests, [queue])).toBeUndefined();
    const empty = { ...queue, values: queue.values.map(() => 0) };
    expect(queueEffect(simulatedRequests(1, { seconds, coldSeconds: 0, waitMs }), [empty])).toBeUndefined();
    expect(queueEffect(simulatedRequests(1, { seconds, coldSeconds: 0, waitMs }), [])).toBeUndefined();
  });
});

describe('kvPressure', () => {
  const window = { fromNs: 10e9, toNs: 20e9 };
  const series = (metric: TimeSeries['metric'], values: readonly number[]): TimeSeries => ({
    metric,
    source: 'a',
    labels: {},
    times: Float64Array.from(values, (_, i) => (9 + 2 * i) * 1e9),
    values: Float64Array.from(values),
  });
  const usage = series(serverMetrics.kvCacheUsage, [1, 0.5, 0.9, 0.99, 1, 0.7, 1]);

  it('names the time of the first preemption within the run', () => {
    const preemptions = series(serverMetrics.preemptions, [3, 3, 3, 5, 9, 9, 30]);
    expect(kvPressure([usage, preemptions], window)).toEqual({
      fromSeconds: 5,
      maxUsage: 1,
      preemptions: 2 + 4 + 21,
      fullShare: 0,
    });
  });

  it('names a cache that is full while requests wait', () => {
    const none = series(serverMetrics.preemptions, [3, 3, 3, 3, 3, 3, 3]);
    const waiting = series(serverMetrics.waiting, [5, 5, 5, 0, 5, 5, 5]);
    expect(kvPressure([usage, none, waiting], window)).toEqual({
      fromSeconds: 7,
      maxUsage: 1,
      preemptions: 0,
      fullShare: 1 / 5,
    });
    expect(kvPressure([usage, none], window)).toBeUndefined();
    expect(kvPressure([], window)).toBeUndefined();
  });
});

describe('powerCap', () => {
  const window = { fromNs: 10e9, toNs: 20e9 };
  /** @param at seconds. @param capped the counter, in seconds. */
  const gpu = (
    index: number,
    at: readonly number[],
    capped: readonly number[],
    source = 'http://a/metrics',
  ) => ({
    metric: nvidia.powerViolation,
    source,
    labels: { gpu: String(index), uuid: `GPU-${index}` },
    times: Float64Array.from(at, (seconds) => seconds * 1e9),
    values: Float64Array.from(capped, (seconds) => seconds * 1e6),
  });

  it('is the growth of the counter within the phase', () => {
    // 0.5 s until 12, 1 s until 14; half of the time until 22 is after the phase.
    const one = gpu(0, [8, 11, 12, 14, 18, 22], [3, 3, 3.5, 4.5, 4.5, 8]);
    expect(powerCap([one], window)).toEqual({
      capped: [{ source: one.source, index: '0', fromSeconds: 1.5, share: (0.5 + 1 + 1.75) / 10 }],
      gpus: 1,
      sources: 1,
    });
  });

  it('takes no more than the window for capped from before until after it', () => {
    const all = gpu(0, [5, 9, 11, 19, 21], [0, 4, 6, 14, 16]);
    expect(powerCap([all], window)?.capped).toMatchObject([{ fromSeconds: 0, share: 1 }]);
  });

  it('does not take what an exporter shows late for a part of the phase', () => {
    // It reads its GPUs every 30 s: 3 s were capped at some time before.
    const late = gpu(0, [9, 12, 12.4, 15, 21], [0, 0, 3, 3, 3]);
    expect(powerCap([late], window)).toBeUndefined();
  });

  it('takes what such an exporter shows later in full, but for what may be after the phase', () => {
    const capped = gpu(0, [9, 12, 12.5, 16, 16.5, 19.75, 20.25], [0, 0, 3, 3, 7, 7, 11]);
    const share = (0.5 + 4 + 3.75) / 10;
    expect(powerCap([capped], window)?.capped).toMatchObject([{ fromSeconds: 0, share }]);
  });

  it('names a twentieth of the phase, not less, and counts on after a reset', () => {
    expect(powerCap([gpu(0, [9, 12, 14, 21], [9, 9, 0.49, 0.49])], window)).toBeUndefined();
    expect(powerCap([gpu(0, [9, 12, 14, 21], [9, 9, 0.5, 0.5])], window)?.capped[0]?.share).toBe(0.05);
    expect(powerCap([], window)).toBeUndefined();
  });

  it('becomes a sentence that names the GPUs, one that two sources report once', () => {
    const requests = simulatedRequests(1, { seconds, coldSeconds: 0 });
    const { fromNs, toNs } = requests.extent;
    const [from, to] = [fromNs / 1e9, toNs / 1e9];
    const half = (from + to) / 2;
    const capped = (index: number, source?: string) =>
      gpu(index, [from, half, to], [0, 0, (to - from) / 2], source);
    const free = gpu(7, [from, to], [1, 1]);
    const when = ((to - from) / 2).toFixed(2);
    const sentences = (series: TimeSeries[]) => serverFindings({ requests, extent: requests.extent, series });
    expect(sentences([free])).toEqual([]);
    expect(sentences([capped(0)])).toEqual([
      `Power-capped from ${when} s: GPU 0, in 50.0 % of the run. The power limit held clocks down.`,
    ]);
    const other = 'http://b:9400/metrics';
    expect(sentences([0, 1, 2, 4, 5].map((index) => capped(index)).concat(free, capped(5, other)))).toEqual([
      `Power-capped from ${when} s: GPUs 0 to 2, 4, 5 (of 6), in 50.0 % of the run. The power limit held clocks down.`,
    ]);
    expect(sentences([capped(0), capped(9, other)])).toEqual([
      `Power-capped from ${when} s: GPU 0 of a and GPU 9 of b:9400, in 50.0 % of the run. The power limit held clocks down.`,
    ]);
  });

  it('has a sentence where nothing was read of servers and GPUs at first', () => {
    const requests = simulatedRequests(1, { seconds, coldSeconds: 0 });
    const { fromNs } = requests.extent;
    const sentences = (lateSeconds: readonly number[]) =>
      serverFindings({
        requests,
        extent: requests.extent,
        series: lateSeconds.map((late, index) => gpu(index, [fromNs / 1e9 + late], [0])),
      });
    expect(sentences([8.25, 6.5])).toEqual([
      'Server and GPU metrics begin 6.50 s after the start of the run: nothing was read before.',
    ]);
    expect(sentences([8.25, 4.9])).toEqual([]);
  });
});
