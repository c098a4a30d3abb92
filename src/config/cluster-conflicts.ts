import { type Key, needs, type Rule, refuses } from './rule.js';

const ofCoordinator: readonly Key[] = ['minShards', 'joinTimeout', 'shardTimeout', 'onShardLoss', 'runId'];
const ofConnection: readonly Key[] = [
  'natsWait',
  'natsToken',
  'natsTokenFile',
  'natsCaFile',
  'natsCertFile',
  'natsKeyFile',
];

/** Conflicts among the options for a run on several machines. */
export const clusterConflicts: readonly Rule[] = [
  needs(['nats'], ['shards'], ': how many agents share the load'),
  needs(['shards'], ['nats'], ', where agents wait for work'),
  needs(ofCoordinator, ['nats'], ', where agents wait for work'),
  needs(ofConnection, ['nats'], ', the server that it is for'),
  needs(['shard'], ['randomSeed'], ': all shards must draw the same prompts and times'),
  refuses(
    'nats',
    { keys: ['nats'], holds: ({ nats }) => nats !== undefined },
    ['shard', 'startAt', 'startEvery'],
    ': the coordinator splits the load and starts it',
  ),
  {
    keys: ['shard', 'exportLevel'],
    check: ({ shard, exportLevel }, _isSet, name) =>
      shard !== undefined &&
      shard.count > 1 &&
      exportLevel === 'summary' &&
      `${name('shard')} cannot be combined with ${name('exportLevel')} summary, which keeps no records: aiperf merge needs them.`,
  },
  needs(['startEvery'], ['startAt'], ', when the first run starts'),
  needs(['natsCertFile'], ['natsKeyFile'], ', its key'),
  needs(['natsKeyFile'], ['natsCertFile'], ', its certificate'),
  {
    keys: ['minShards', 'shards'],
    check: ({ minShards, shards }, _isSet, name) =>
      minShards !== undefined &&
      shards !== undefined &&
      minShards > shards &&
      `${name('minShards')} must be at most ${name('shards')} (${shards}), got ${minShards}.`,
  },
];
