import { randomBytes } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import { UserError } from '../../util/errors.js';
import { hasEnded } from '../../util/process-identity.js';
import type { LeaseEntry } from '../messages.js';
import { keys } from '../names.js';
import { hasLapsed, holderOf, type Lease, takeLease } from '../nats/lease.js';
import type { ClusterOptions, Surroundings } from './options.js';

/** Takes the run, or takes it over from a coordinator that is gone. @throws UserError if that one is alive. */
export async function takeRun(
  kv: KV,
  { run, shardTimeoutSeconds }: ClusterOptions,
  { log, nowMs }: Surroundings,
): Promise<Lease> {
  const uid = randomBytes(8).toString('hex');
  const holder = await holderOf(kv, keys.coordinator);
  if (holder !== undefined && !holder.entry.left) {
    const { pid, system, started } = holder.entry;
    const how = hasEnded({ pid, system, started })
      ? ', which has ended: it is taken over'
      : `: it is taken over after ${shardTimeoutSeconds} s without a sign of life`;
    log('NOTICE', 'cluster', `run ${run} was begun by ${processOf(holder.entry)}${how}`);
  }
  const isFree =
    holder === undefined ||
    (await hasLapsed(kv, keys.coordinator, holder, shardTimeoutSeconds * 1000, nowMs));
  const lease = isFree ? await takeLease(kv, keys.coordinator, uid, holder) : undefined;
  if (lease !== undefined) return lease;
  const other = (await holderOf(kv, keys.coordinator))?.entry ?? holder?.entry;
  throw new UserError(
    `Run ${run} has a coordinator already${other === undefined ? '' : `, ${processOf(other)}`}.`,
    'Wait until it ends, or name another run with --run-id.',
  );
}

/** `process 4711 on host-a`. */
export function processOf({ pid, host }: LeaseEntry): string {
  return `process ${pid} on ${host}`;
}
