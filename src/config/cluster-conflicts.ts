import { type Key, needs, type Rule } from './rule.js';

const ofCoordinator: readonly Key[] = ['minShards', 'joinTimeout', 'shardTimeout', 'onShardLoss', 'runId'];
const ofConnection: readonly Key[] = [
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
