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
      ...{ unsentBytes: 65_536, clockErrorNs: 85_000 },
    },
    {
      ...{ shard: 1, host: 'load-b', state: 'silent', issued: 4100, returned: 4090, received: 3900 },
      ...{ unsentBytes: 3_145_728, clockErrorNs: 1_200_000 },
    },
    {
      ...{ shard: 2, host: 'load-c', state: 'done', issued: 5200, returned: 5200, received: 5200 },
      ...{ unsentBytes: 0, clockErrorNs: 92_000 },
    },
    {
      ...{ shard: 3, host: undefined, state: 'lost', issued: 0, returned: 0, received: 0 },
      ...{ unsentBytes: 0, clockErrorNs: undefined },
    },
  ],
  threads: [thread(0, 0, 1.5, 2), thread(1, 0, 2.5, 1), thread(2, 1, 12, 40), thread(3, 2, 0.5, 0)],
};
