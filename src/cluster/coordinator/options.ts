import type { Log } from '../../util/log.js';
import type { NatsOptions } from '../nats/connection.js';

export interface ClusterOptions {
  readonly nats: NatsOptions;
  readonly run: string;
  readonly shards: number;
  /** Shards that are enough to start with when the time to join is over. */
  readonly minShards: number;
  readonly joinTimeoutSeconds: number;
  readonly shardTimeoutSeconds: number;
  /** A lost shard ends the run. */
  readonly abortsOnLoss: boolean;
}

/** What a coordinator needs of its process. */
export interface Surroundings {
  readonly nowMs: () => number;
  readonly log: Log;
}
