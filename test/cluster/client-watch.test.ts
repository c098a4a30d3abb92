import { expect, it } from 'vitest';
import { ClientWatch } from '../../src/cluster/agent/client-watch.js';
import { ShardClient } from '../../src/cluster/coordinator/shard-client.js';
import { event, readMessage, tick } from '../../src/cluster/messages.js';
import { sumOf } from '../../src/load/source.js';
import { RecordPacker } from '../../src/records/pack.js';
import { CLIENT, clientMetrics } from '../../src/telemetry/client-metrics.js';
import type { SeriesMetric } from '../../src/telemetry/time-series.js';
import { aRecord, ms } from '../metrics/records.js';

const second = 1e9;
const withheld = { throttled: { cpus: 2, periods: 10, throttledPeriods: 1, throttledNs: 5 }, stolenNs: 7 };

/** What a load thread observes of itself; counters since the start of the phase, ms. */
function observed(atNs: number, lateMs: number, busyMs: number, coreWaitMs: number) {
  const { late, busy, gc, coreWait } = clientMetrics;
  const sample = (metric: SeriesMetric, value: number) => ({ metric, labels: {}, value });
  const samples = [sample(late, lateMs), sample(busy, busyMs), sample(gc, 0), sample(coreWait, coreWaitMs)];
  return { source: CLIENT, atNs, samples };
}

/** A batch of requests that were sent this late, and one of the warm-up. */
function batchOf(delaysMs: readonly number[]) {
  const packer = new RecordPacker('worker');
  packer.add(aRecord({ phase: 'warmup', dueNs: 0, startNs: ms(999) }));
  for (const delay of delaysMs) packer.add(aRecord({ dueNs: ms(5), startNs: ms(5 + delay) }));
  return packer.take();
}

/** A tick as it arrives. */
const sent = (watch: ClientWatch) => {
  const { client } = readMessage(
    tick,
    JSON.stringify({
      ...{ shard: 1, round: 0, incarnation: 1, phases: [sumOf([])], unsentBytes: 0 },
      client: watch.figures,
    }),
  );
  return client;
};

it('says in ticks what an agent has observed of its machine in the phase', () => {
  const watch = new ClientWatch({ source: 1, sources: 3 }, () => () => withheld);
  expect(sent(watch)).toBeUndefined();
  watch.begin(1, 'profiling');
  watch.take({ thread: 0, item: observed(10 * second, 0, 0, 0) });
  watch.take({ thread: 0, item: observed(12 * second, 30, 1000.12, 500) });
  watch.take({ thread: 0, item: batchOf([1, 1, 2]) });
  expect(sent(watch)).toEqual({
    phase: 1,
    threads: [
      {
        // The first thread of the second of three shards.
        ...{ thread: 1, startNs: 10 * second, endNs: 12 * second, lateNs: 30e6 },
        ...{ busyShare: 0.5001, waitShare: 0.25 },
        stalls: [{ startNs: 10 * second, endNs: 12 * second, cause: 'no core' }],
      },
    ],
    // 1 ms = 2 ** (318.9 / 16) ns, 2 ms = 2 ** (334.9 / 16) ns.
    sendDelays: { max: 2e6, buckets: [318, 2, 334, 1] },
    withheld,
  });
});

it('fits into a few KB with many threads, each with stalls and all kinds of delays', () => {
  const watch = new ClientWatch({ source: 0, sources: 1 }, () => () => withheld);
  watch.begin(0, 'profiling');
  for (let thread = 0; thread < 32; thread++)
    for (let at = 0; at <= 60; at++)
      watch.take({ thread, item: observed((1000 + at) * second + 1, at * 12, at * 900, at * 55) });
  watch.take({ thread: 0, item: batchOf(Array.from({ length: 300 }, (_, i) => 1.02 ** i / 50)) });
  expect(JSON.stringify(watch.figures).length).toBeLessThan(8000);
});

it('is told by ticks during a phase, and by its report at the end', () => {
  const client = new ShardClient();
  const watch = new ClientWatch({ source: 1, sources: 3 }, () => () => withheld);
  const roof = { requestsPerSecond: 10, eventsPerSecond: 20 };
  const facts = { share: { source: 1, sources: 3 }, movedNs: 4, roof };
  expect(client.report(0, facts)).toBeUndefined();
  watch.begin(0, 'profiling');
  watch.take({ thread: 0, item: observed(second, 0, 0, 0) });
  watch.take({ thread: 0, item: observed(2 * second, 0, 100, 0) });
  watch.take({ thread: 0, item: batchOf([1, 1]) });
  client.noteTick(sent(watch), 1000);
  expect(client.latenessMs(0)).toEqual({ p50: 1, p99: 1, max: 1 });
  expect(client.latenessMs(1)).toBeUndefined();
  expect(client.report(0, facts)).toMatchObject({
    ...{ ...facts, ...withheld, untilNs: 2 * second },
    threads: [{ thread: 1, busyShare: 0.1 }],
    sendDelayNs: { p50: 1e6, p99: 1e6, max: 1e6 },
  });
  // Requests of more than 5 s ago are no longer recent.
  watch.take({ thread: 0, item: batchOf([4]) });
  client.noteTick(sent(watch), 6000);
  expect(client.latenessMs(0)).toMatchObject({ p50: 4, max: 4 });
  expect(client.report(0, facts)?.sendDelayNs).toMatchObject({ max: 4e6 });

  const threads = [{ p50: 1, p99: 2, max: 3 }].map((calm) => ({
    ...{ thread: 1, startNs: second, endNs: 9 * second, busyShare: 0.2, stalls: [], lateNs: 0 },
    ...{ loopDelayNs: calm, readLagNs: calm, gc: { count: 0, totalNs: 0, maxNs: 0 } },
  }));
  const done = readMessage(
    event,
    JSON.stringify({
      ...{ kind: 'phase-done', round: 0, phase: 0, progress: sumOf([]), nextSession: 3 },
      ...{ reports: threads, withheld: {} },
    }),
  );
  if (done.kind !== 'phase-done') throw new Error(done.kind);
  expect([client.isDone(0), client.donePhases]).toEqual([false, 0]);
  client.noteDone(done);
  expect([client.isDone(0), client.donePhases]).toEqual([true, 1]);
  expect(client.report(0, facts)).toMatchObject({
    ...{ untilNs: undefined, throttled: undefined, stolenNs: undefined },
    threads: [{ endNs: 9 * second, readLagNs: { p99: 2 }, waitShare: undefined }],
  });
});
