import { expect, it } from 'vitest';
import { ThreadHealthCollector } from '../../src/collect/thread-health.js';
import { CLIENT, clientMetrics } from '../../src/telemetry/client-metrics.js';
import { aRecord, ms } from '../metrics/records.js';

/** What a thread observed at this time: the longest loop delay, and its CPU time, both in ms. */
function observation(seconds: number, loopDelay: number, cpu: number | undefined) {
  const sample = (metric: (typeof clientMetrics)[keyof typeof clientMetrics], value: number) => ({
    ...{ metric, value, labels: { thread: '0' } },
  });
  return {
    source: CLIENT,
    atNs: seconds * 1e9,
    samples: [
      sample(clientMetrics.loopDelay, loopDelay),
      ...(cpu === undefined ? [] : [sample(clientMetrics.cpu, cpu)]),
    ],
  };
}

it('knows nothing before the first observation', () => {
  expect(new ThreadHealthCollector([{}]).now([])).toEqual([
    { thread: 0, loopDelayMs: undefined, cpuShare: undefined, records: 0, lateSends: 0, backlogBytes: 0 },
  ]);
});

it('has the newest loop delay and the CPU share between two observations of each thread', () => {
  const health = new ThreadHealthCollector([{}, {}]);
  health.observe(0, observation(1, 3, 0));
  health.observe(1, observation(1, 5, 10));
  expect(health.now([]).map(({ loopDelayMs, cpuShare }) => [loopDelayMs, cpuShare])).toEqual([
    [3, undefined],
    [5, undefined],
  ]);
  // 500 ms of CPU in 2 s.
  health.observe(0, observation(3, 4, 500));
  expect(health.now([])[0]).toMatchObject({ loopDelayMs: 4, cpuShare: 0.25 });
  // The next phase counts from 0 again.
  health.observe(0, observation(4, 1, 0));
  expect(health.now([])[0]).toMatchObject({ loopDelayMs: 1, cpuShare: undefined });
  health.observe(1, observation(2, 6, undefined));
  expect(health.now([])[1]).toMatchObject({ loopDelayMs: 6, cpuShare: undefined });
});

it('counts the records of each thread, those sent late apart, and has its backlog', () => {
  const health = new ThreadHealthCollector([{ shard: 0 }, { shard: 3 }]);
  health.addRecord(0, aRecord());
  health.addRecord(1, aRecord({ dueNs: 0, startNs: ms(10) }));
  health.addRecord(1, aRecord({ dueNs: 0, startNs: ms(10) + 1 }));
  expect(health.now([512, 0])).toMatchObject([
    { thread: 0, shard: 0, records: 1, lateSends: 0, backlogBytes: 512 },
    { thread: 1, shard: 3, records: 2, lateSends: 1, backlogBytes: 0 },
  ]);
});
