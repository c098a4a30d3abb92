import { describe, expect, it } from 'vitest';
import { simulatedQueue, simulatedRequests } from '../../src/build/simulated-run.js';
import { association } from '../../src/metrics/association.js';
import { kvPressure } from '../../src/metrics/kv-pressure.js';
import { queueEffect } from '../../src/metrics/queue-effect.js';
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
