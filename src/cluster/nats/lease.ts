import type { KV } from '@nats-io/kv';
import { hasEnded, thisProcess } from '../../util/process-identity.js';
import { sleep } from '../../util/timeout.js';
import { version } from '../../util/version.js';
import { type LeaseEntry, lease, readMessage } from '../messages.js';

/** How often a holder renews its lease. */
const RENEW_EVERY_MS = 1000;
/** How often a key is read to see a sign of life. */
const LOOK_EVERY_MS = 250;
/** JetStream's code for a key that another process has written since. */
const WRONG_LAST_SEQUENCE = 10071;

/** The exclusive right to a key: a shard, or to coordinate. It ends when another process takes it over. */
export interface Lease extends Pick<LeaseEntry, 'incarnation' | 'uid'> {
  /** Aborted when another process has taken over, or after `release`. */
  readonly lost: AbortSignal;
  /** The process that has taken over; undefined: none. */
  readonly successor: LeaseEntry | undefined;
  /** Renews it now. @returns false while NATS cannot be asked. */
  renew(): Promise<boolean>;
  /** Renews it no more. */
  release(): void;
  /** Releases it, and lets a successor take over at once. */
  leave(): Promise<void>;
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
  return { entry: readMessage(lease, found.string()), revision: found.revision };
}

/**
 * Waits until a holder has given no sign of life for a time; not if it is known to have ended.
 * @returns false as soon as it gives one.
 */
export async function hasLapsed(
  kv: KV,
  key: string,
  { entry, revision }: Holder,
  forMs: number,
  nowMs: () => number,
): Promise<boolean> {
  const untilMs = nowMs() + forMs;
  const { pid, system, started } = entry;
  while (!entry.left && nowMs() < untilMs && !hasEnded({ pid, system, started })) {
    await sleep(Math.min(LOOK_EVERY_MS, untilMs - nowMs()), new AbortController().signal);
    if ((await holderOf(kv, key))?.revision !== revision) return false;
  }
  return true;
}

/**
 * Takes a key that nobody holds, or whose holder has given no sign of life since `lapsed` was read.
 * @param rejoins of the entry. @returns undefined if another process was faster, or the holder lives.
 */
export async function takeLease(
  kv: KV,
  key: string,
  uid: string,
  lapsed: Holder | undefined,
  rejoins = false,
): Promise<Lease | undefined> {
  const incarnation = (lapsed?.entry.incarnation ?? 0) + 1;
  const entry: LeaseEntry = { incarnation, uid, ...thisProcess(), version, rejoins };
  const text = JSON.stringify(entry);
  try {
    const revision =
      lapsed === undefined ? await kv.create(key, text) : await kv.update(key, text, lapsed.revision);
    return new KeptLease(kv, key, entry, revision);
  } catch (thrown) {
    if (isOutrun(thrown)) return undefined;
    throw thrown;
  }
}

class KeptLease implements Lease {
  readonly incarnation: number;
  readonly uid: string;
  readonly #entry: LeaseEntry;
  readonly #kv: KV;
  readonly #key: string;
  readonly #ending = new AbortController();
  #revision: number;
  #successor: LeaseEntry | undefined;

  constructor(kv: KV, key: string, entry: LeaseEntry, revision: number) {
    this.incarnation = entry.incarnation;
    this.uid = entry.uid;
    this.#entry = entry;
    this.#kv = kv;
    this.#key = key;
    this.#revision = revision;
    void this.#keep();
  }

  get lost(): AbortSignal {
    return this.#ending.signal;
  }

  get successor(): LeaseEntry | undefined {
    return this.#successor;
  }

  async renew(): Promise<boolean> {
    if (this.lost.aborted) return true;
    return this.#put(this.#entry);
  }

  release(): void {
    this.#ending.abort();
  }

  async leave(): Promise<void> {
    if (this.lost.aborted) return;
    this.release();
    await this.#put({ ...this.#entry, left: true });
  }

  async #keep(): Promise<void> {
    while (!this.lost.aborted) {
      await sleep(RENEW_EVERY_MS, this.lost);
      // Without a connection it is tried again.
      await this.renew();
    }
  }

  /** @returns false if the server did not answer. */
  async #put(entry: LeaseEntry): Promise<boolean> {
    const text = JSON.stringify(entry);
    // A renewal on its way must not undo that the holder has left.
    while (entry.left || !this.lost.aborted) {
      try {
        this.#revision = await this.#kv.update(this.#key, text, this.#revision);
        return true;
      } catch (thrown) {
        if (!isOutrun(thrown)) return false;
      }
      const holder = await holderOf(this.#kv, this.#key).catch(() => undefined);
      if (holder === undefined) return false;
      if (holder.entry.uid !== entry.uid) {
        this.#successor = holder.entry;
        this.#ending.abort();
        return true;
      }
      // An update whose answer was lost has changed the revision.
      this.#revision = holder.revision;
    }
    return true;
  }
}

function isOutrun(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === WRONG_LAST_SEQUENCE;
}
