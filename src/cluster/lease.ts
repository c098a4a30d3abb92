import { hostname } from 'node:os';
import type { KV } from '@nats-io/kv';
import { sleep } from '../util/timeout.js';
import { version } from '../util/version.js';
import { type LeaseEntry, lease, readMessage } from './messages.js';

/** How often a holder renews its lease. */
const RENEW_EVERY_MS = 1000;
/** JetStream's code for a key that another process has written since. */
const WRONG_LAST_SEQUENCE = 10071;

/** The exclusive right to a key: a shard, or to coordinate. It ends when another process takes it over. */
export interface Lease extends LeaseEntry {
  /** Aborted when another process has taken over, or after `release`. */
  readonly lost: AbortSignal;
  /** Renews it no more. */
  release(): void;
}

/** The process that holds a key, and the revision of its last sign of life. */
export interface Holder {
  readonly entry: LeaseEntry;
  readonly revision: number;
}

/** @returns undefined if nobody has ever held the key. */
export async function holderOf(kv: KV, key: string): Promise<Holder | undefined> {
  const found = await kv.get(key);
  if (found === null || found.operation !== 'PUT') return undefined;
  return { entry: readMessage(lease, `the key ${key}`, found.string()), revision: found.revision };
}

/**
 * Takes a key that nobody holds, or whose holder has given no sign of life since `lapsed` was read.
 * @returns undefined if another process was faster, or the holder lives.
 */
export async function takeLease(
  kv: KV,
  key: string,
  uid: string,
  lapsed: Holder | undefined,
): Promise<Lease | undefined> {
  const incarnation = (lapsed?.entry.incarnation ?? 0) + 1;
  const entry: LeaseEntry = { incarnation, uid, host: hostname(), version };
  const text = JSON.stringify(entry);
  try {
    const revision =
      lapsed === undefined ? await kv.create(key, text) : await kv.update(key, text, lapsed.revision);
    return keep(kv, key, entry, revision);
  } catch (thrown) {
    if (isOutrun(thrown)) return undefined;
    throw thrown;
  }
}

function keep(kv: KV, key: string, entry: LeaseEntry, first: number): Lease {
  const ending = new AbortController();
  const text = JSON.stringify(entry);
  void (async () => {
    let revision = first;
    while (!ending.signal.aborted) {
      await sleep(RENEW_EVERY_MS, ending.signal);
      if (ending.signal.aborted) return;
      try {
        revision = await kv.update(key, text, revision);
      } catch (thrown) {
        // Without a connection it is tried again. An update whose answer was lost has changed the revision.
        if (!isOutrun(thrown)) continue;
        const holder = await holderOf(kv, key).catch(() => undefined);
        if (holder === undefined) continue;
        if (holder.entry.uid === entry.uid) revision = holder.revision;
        else ending.abort();
      }
    }
  })();
  return { ...entry, lost: ending.signal, release: () => ending.abort() };
}

function isOutrun(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === WRONG_LAST_SEQUENCE;
}
