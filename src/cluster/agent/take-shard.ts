import type { KV } from '@nats-io/kv';
import { hasEnded } from '../../util/process-identity.js';
import { sleep } from '../../util/timeout.js';
import { lease, type RunEntry, readMessage } from '../messages.js';
import { keys } from '../names.js';
import type { Nats } from '../nats/connection.js';
import { type Lease, takeLease } from '../nats/lease.js';
import type { RunKeys } from '../nats/run-keys.js';

const LOOK_EVERY_MS = 250;

/** Where a shard is looked for. */
export interface SoughtShard {
  readonly nats: Nats;
  readonly kv: KV;
  readonly entry: RunEntry;
  readonly runKeys: RunKeys;
  readonly nowMs: () => number;
  /** Of this process. */
  readonly uid: string;
  /** It takes part in a measurement that has begun. */
  readonly rejoins: boolean;
  /** This one only; undefined: any. */
  readonly shard: number | undefined;
  /** Called if none is free. */
  readonly onFull: () => void;
  /** Whether to go on looking. */
  readonly mayWait: (waitedMs: number) => boolean;
  /** Aborted: the run is over, or the agent is to end. */
  readonly until: AbortSignal;
}

/** The first free shard, or one whose agent gives no sign of life; undefined: none was found. */
export async function takeShard(
  sought: SoughtShard,
): Promise<{ readonly shard: number; readonly lease: Lease } | undefined> {
  const { kv, entry, uid, rejoins, onFull, mayWait, nowMs, until } = sought;
  const { shards } = entry;
  const numbers =
    sought.shard === undefined ? Array.from({ length: shards }, (_, shard) => shard) : [sought.shard];
  for (const shard of numbers) {
    const taken = await takeLease(kv, keys.shard(shard), uid, undefined, rejoins);
    if (taken !== undefined) return { shard, lease: taken };
  }
  onFull();
  const sinceMs = nowMs();
  while (!until.aborted && mayWait(nowMs() - sinceMs)) {
    await sleep(LOOK_EVERY_MS, until);
    for (const shard of numbers) {
      const taken = await takeLapsed(sought, keys.shard(shard));
      if (taken !== undefined) return { shard, lease: taken };
    }
  }
  return undefined;
}

/** Takes a key whose holder has ended, or gives no sign of life; one that does after all keeps it. */
async function takeLapsed(
  { nats, kv, entry, runKeys, uid, rejoins }: SoughtShard,
  key: string,
): Promise<Lease | undefined> {
  const seen = runKeys.seen(key);
  if (seen === undefined || !nats.isConnected) return undefined;
  const holder = readMessage(lease, seen.text);
  // While nothing comes from NATS either, it is this process that is cut off.
  const silentMs = nats.heardAtMs - Math.max(seen.atMs, nats.connectedAtMs);
  const { left = false, pid, system, started } = holder;
  const isGone = left || silentMs >= entry.shardTimeoutSeconds * 1000 || hasEnded({ pid, system, started });
  if (!isGone) return undefined;
  return takeLease(kv, key, uid, { entry: holder, revision: seen.revision }, rejoins);
}
