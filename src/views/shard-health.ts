import type { Snapshot } from '../collect/snapshot.js';
import { counted } from '../util/counted.js';

type LiveShard = NonNullable<Snapshot['shards']>[number];

/** A machine of a run with what its load threads report. */
export interface ShardHealth extends LiveShard {
  readonly inFlight: number;
  readonly threads: number;
  /** Of its busiest thread, share of a core; undefined: unknown. */
  readonly cpuShare: number | undefined;
  /** Of its slowest thread in the last second, ms; undefined: unknown. */
  readonly loopDelayMs: number | undefined;
  /** Processed records that were sent more than 10 ms after they were due. */
  readonly lateSends: number;
}

/** The machines of a run, in their order; none if the run is on this one alone. */
export function shardHealth({ shards = [], threads }: Pick<Snapshot, 'shards' | 'threads'>): ShardHealth[] {
  return shards.map((shard) => {
    const own = threads.filter((thread) => thread.shard === shard.shard);
    return {
      ...shard,
      inFlight: shard.issued - shard.returned,
      threads: own.length,
      cpuShare: highest(own.map(({ cpuShare }) => cpuShare)),
      loopDelayMs: highest(own.map(({ loopDelayMs }) => loopDelayMs)),
      lateSends: own.reduce((sum, { lateSends }) => sum + lateSends, 0),
    };
  });
}

/** `3 shards: 2 running, 1 lost, 1 client limited`. */
export function shardsSummary(shards: readonly Pick<LiveShard, 'state' | 'fidelity'>[]): string {
  const clients = (['client limited', 'client strained'] as const).flatMap((verdict) => {
    const count = shards.filter(({ fidelity }) => fidelity?.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  const states = (['running', 'done', 'silent', 'lost'] as const).flatMap((state) => {
    const count = shards.filter((shard) => shard.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return `${counted(shards.length, 'shard')}: ${[...states, ...clients].join(', ')}`;
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
