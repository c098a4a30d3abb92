import { describe, expect, it } from 'vitest';
import { LiveResults } from '../../src/metrics/live-results.js';
import { percentiles } from '../../src/metrics/statistics.js';
import { aRecord, counted, fourRequests, ms, storeOf, streamingChat } from './records.js';

const slos = [
  { tag: 'time_to_first_token', limit: 120 },
  { tag: 'request_latency', limit: 190 },
];

describe('results of the requests so far', () => {
  const traits = { ...streamingChat, slos };
  const store = storeOf(fourRequests, traits);
  const live = new LiveResults(store.table, store.objectives);
  live.update();
  // Those of curves, sessions and power need all requests at once.
  const final = store.summary().results.filter(({ tag }) => !['curve', 'session'].includes(kindOf(tag)));
  const results = new Map(live.results.map((result) => [result.tag, result]));

  function kindOf(tag: string): string {
    return store.table.metrics.find((metric) => metric.tag === tag)?.kind ?? '';
  }

  it('are the same metrics in the same order', () => {
    expect([...results.keys()]).toEqual(final.map(({ tag }) => tag));
  });

  // Those that are derived from percentiles are estimates.
  const exact = final.filter(({ tag }) => !/_p\d+$/.test(tag));

  it.each(exact.map((result) => [result.tag, result] as const))('%s', (tag, { unit, statistics }) => {
    const found = results.get(tag);
    expect(found?.unit).toBe(unit);
    for (const name of ['avg', 'min', 'max', 'std', 'count', 'sum'] as const) {
      const expected = statistics[name];
      if (expected === undefined) expect(found?.statistics[name]).toBeUndefined();
      else expect(found?.statistics[name]).toBeCloseTo(expected, 9);
    }
  });

  it('meet the SLOs as the final ones do, which count the failed request', () => {
    // TTFT: 100, 180, 80 ms; latency: 200, 280, 80 ms; the fourth failed.
    expect(live.slo?.all).toEqual({
      ...{ requests: 4, good: 1 },
      each: [
        { tag: 'time_to_first_token', met: 2 },
        { tag: 'request_latency', met: 1 },
      ],
    });
    expect(live.slo?.recent).toEqual(live.slo?.all);
  });
});

it('percentiles are at most 4.4 % too large, also of small and negative numbers', () => {
  const records = Array.from({ length: 1000 }, (_, i) =>
    counted(
      { contentNs: Float64Array.of(ms(i + 1), ms(i + 2)), endNs: ms(i + 2) },
      { input: 8, output: i + 1 },
    ),
  );
  const store = storeOf(records);
  const live = new LiveResults(store.table, []);
  live.update();
  const of = (tag: string) => live.results.find((result) => result.tag === tag)?.statistics ?? {};
  for (const percent of percentiles) {
    const exact = 10 * percent;
    for (const tag of ['time_to_first_token', 'output_sequence_length']) {
      const estimate = of(tag)[`p${percent}`] ?? 0;
      expect(estimate / exact).toBeGreaterThanOrEqual(1);
      expect(estimate / exact).toBeLessThan(1.05);
    }
  }
  // All the same: no bucket shows.
  expect(of('input_sequence_length')).toMatchObject({ p50: 8, p99: 8, std: 0 });
  expect(live.slo).toBeUndefined();
});

it('only the requests of the last seconds are recent', () => {
  const traits = { ...streamingChat, slos: [{ tag: 'request_latency', limit: 50 }] };
  const store = storeOf([counted()], traits);
  const live = new LiveResults(store.table, store.objectives);
  live.update();
  live.forgetOlder();
  live.forgetOlder();
  store.add({ ...counted(), record: aRecord({ contentNs: Float64Array.of(ms(60)), endNs: ms(60) }) });
  live.update();
  expect(live.slo).toMatchObject({ all: { requests: 2, good: 1 }, recent: { requests: 1, good: 0 } });
});
