import { expect, it } from 'vitest';
import type { CollectorFigures } from '../../src/collect/live-figures.js';
import { SendStatsCollector } from '../../src/fidelity/send-stats.js';
import type { ClientReport } from '../../src/load/source.js';
import { openLiveFidelity } from '../../src/run/live-fidelity.js';
import { plannedLoad } from '../load/playing.js';

const second = 1e9;

const client = (source: number, changes: Partial<ClientReport> = {}): ClientReport => ({
  share: { source, sources: 3 },
  threads: [
    { thread: source, startNs: 0, endNs: 10 * second, busyShare: 1, waitShare: 0, stalls: [], lateNs: 0 },
  ],
  ...{ movedNs: 0, throttled: undefined, stolenNs: undefined, roof: undefined },
  ...{ sendDelayNs: undefined, untilNs: 10 * second, ...changes },
});

it('judges each shard while it runs by what it has told, and never this machine', async () => {
  const [plan] = (await plannedLoad('--isl 3 --request-rate 100 --request-count 300')).phases;
  if (plan === undefined) throw new Error('no phase');
  const sends = { ...new SendStatsCollector().stats, requests: 100 };
  const phase = { metrics: [] } as unknown as CollectorFigures['profiling'];
  const figures: CollectorFigures = {
    ...{ warmup: phase, profiling: phase, threads: [] },
    client: {
      threads: [],
      sends,
      shardSends: new Map([
        [1, sends],
        [2, { ...sends, starved: 3 }],
      ]),
    },
  };
  const sendDelayNs = { p50: 1e6, p99: 7e6, max: 9e6 };
  let nowNs = 10 * second;
  let clients = [client(0), client(1, { sendDelayNs }), client(2)];
  const throttled = { cpus: 1, periods: 9, throttledPeriods: 9, throttledNs: 9 * second };
  const judge = openLiveFidelity(plan, {
    ...{ nowNs: () => nowNs, startNs: 0, movedNs: () => 5 * second, readRoof: () => undefined },
    withheld: () => ({ throttled, stolenNs: 9 * second }),
    clients: () => clients,
  });
  const { whole, shards } = judge(figures) ?? {};
  expect([...(shards ?? [])].map(([shard, { verdict }]) => [shard, verdict])).toEqual([
    [0, 'client ok'],
    [1, 'client strained'],
    [2, 'client limited'],
  ]);
  expect(whole).toEqual({
    verdict: 'client limited',
    reasons: [
      { level: 'limited', sentence: expect.stringMatching(/^shard 2: 3 requests could not be sent: /) },
      {
        level: 'strained',
        sentence: expect.stringMatching(/^shard 1: p99 send delay 7\.0 ms \(max 9\.0 ms\)/),
      },
    ],
  });
  // A schedule that was moved by 0.2 s in 20 s is 1 % behind; a shard that has told nothing of its threads is not judged.
  nowNs = 20 * second;
  clients = [client(0, { movedNs: 0.2 * second }), client(1, { threads: [] })];
  const later = judge(figures);
  expect([...(later?.shards ?? [])].map(([shard, { verdict }]) => [shard, verdict])).toEqual([
    [0, 'client limited'],
  ]);
});
