import type { Snapshot } from '../../src/collect/snapshot.js';

const thread = (number: number, shard: number, loopDelayMs: number, lateSends: number) => ({
  ...{ thread: number, shard, loopDelayMs, cpuShare: 0.25 + number / 10 },
  ...{ records: 100, lateSends, backlogBytes: 0 },
});

/** Four machines, one in each state; the last was never ready, and the first has two load threads. */
export const madeUpShards: Pick<Snapshot, 'shards' | 'threads'> = {
  shards: [
    {
      ...{ shard: 0, host: 'load-a', state: 'running', issued: 5210, returned: 5180, received: 5000 },
      ...{ unsentBytes: 65_536, clockErrorNs: 85_000, clockDriftNs: -12_000, planned: 26_050 },
      latenessMs: { p50: 0.05, p99: 0.42, max: 2.1 },
      fidelity: { verdict: 'client ok', reasons: [] },
    },
    {
      ...{ shard: 1, host: 'load-b', state: 'silent', issued: 4100, returned: 4090, received: 3900 },
      ...{ unsentBytes: 3_145_728, clockErrorNs: 1_200_000, clockDriftNs: 3_400_000, planned: 26_050 },
      latenessMs: { p50: 4, p99: 38, max: 150 },
      fidelity: {
        verdict: 'client limited',
        reasons: [
          {
            level: 'limited',
            sentence:
              'p99 send delay 38.0 ms (max 150.0 ms): requests were sent that long after they were due',
          },
        ],
      },
    },
    {
      ...{ shard: 2, host: 'load-c', state: 'done', issued: 5200, returned: 5200, received: 5200 },
      ...{ unsentBytes: 0, clockErrorNs: 92_000, clockDriftNs: 0, planned: 5200 },
      latenessMs: { p50: 0.04, p99: 0.3, max: 0.9 },
      fidelity: { verdict: 'client strained', reasons: [] },
    },
    {
      ...{ shard: 3, host: undefined, state: 'lost', issued: 0, returned: 0, received: 0 },
      ...{ unsentBytes: 0, clockErrorNs: undefined, clockDriftNs: undefined, planned: 26_050 },
      ...{ latenessMs: undefined, fidelity: undefined },
    },
  ],
  threads: [thread(0, 0, 1.5, 2), thread(1, 0, 2.5, 1), thread(2, 1, 12, 40), thread(3, 2, 0.5, 0)],
};
