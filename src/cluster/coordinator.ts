import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { KV } from '@nats-io/kv';
import type { ObjectStore } from '@nats-io/obj';
import { messageOf, UserError } from '../util/errors.js';
import type { Log } from '../util/log.js';
import { sleep } from '../util/timeout.js';
import { version } from '../util/version.js';
import { serveClock } from './clock-offset.js';
import { isStreamGone, type Nats, type NatsOptions, openBucket, openNats, openStore } from './connection.js';
import { followKeys } from './follow.js';
import { holderOf, type Lease, takeLease } from './lease.js';
import { type RunEntry, readMessage, runEntry } from './messages.js';
import { DIRECTORY, keys, namesOf, type RunNames } from './names.js';
import { notPossible } from './refusals.js';
import { Round } from './round.js';

/** Duplicates of a message are recognized for this long: no outage of NATS is longer. */
const DUPLICATE_WINDOW_NS = 3600e9;

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

/** Coordinates the shards of a run: one measurement after another. */
export class Coordinator {
  readonly options: ClusterOptions;
  readonly names: RunNames;
  /** Identifies this process. */
  readonly uid: string;
  readonly nats: Nats;
  readonly kv: KV;
  readonly store: ObjectStore;
  readonly surroundings: Surroundings;
  /** Whether a coordinator that is gone has begun the run. */
  readonly isResumed: boolean;
  /** Values of the keys of the run. */
  readonly values = new Map<string, string>();
  readonly #lease: Lease;
  readonly #ending = new AbortController();
  readonly #stopClock: () => void;
  readonly #listeners = new Set<(key: string, text: string) => void>();
  #rounds = 0;
  #lastRound: Round | undefined = undefined;

  /** @throws UserError if NATS cannot be used, or the run has a coordinator. */
  static async open(options: ClusterOptions, surroundings: Surroundings): Promise<Coordinator> {
    const { log, nowMs } = surroundings;
    const names = namesOf(options.run);
    const nats = await openNats(options.nats, `aiperf ${options.run} coordinator`, nowMs, (what) =>
      log('WARNING', 'cluster', what),
    );
    let lease: Lease | undefined;
    try {
      const kv = await openBucket(nats, names.bucket);
      lease = await coordinate(kv, options, surroundings);
      await nats.jsm.streams.add({
        name: names.records,
        subjects: [names.allRecords],
        storage: 'file',
        duplicate_window: DUPLICATE_WINDOW_NS,
      });
      await nats.jsm.streams.add({
        name: names.events,
        subjects: [names.allEvents],
        storage: 'file',
        duplicate_window: DUPLICATE_WINDOW_NS,
      });
      const store = await openStore(nats, names.data);
      const { shards, shardTimeoutSeconds } = options;
      const entry: RunEntry = { shards, version, shardTimeoutSeconds };
      const directory = await openBucket(nats, DIRECTORY);
      await directory.put(options.run, JSON.stringify(entry));
      return new Coordinator(options, { nats, kv, store, lease, names, surroundings });
    } catch (thrown) {
      lease?.release();
      // What another coordinator has left stays.
      if (lease?.incarnation === 1) await deleteRun(nats, names).catch(() => {});
      await nats.close();
      throw notPossible(thrown);
    }
  }

  private constructor(
    options: ClusterOptions,
    parts: Pick<Coordinator, 'nats' | 'kv' | 'store' | 'names' | 'surroundings'> & { readonly lease: Lease },
  ) {
    const { nats, kv, store, names, surroundings, lease } = parts;
    this.options = options;
    this.nats = nats;
    this.kv = kv;
    this.store = store;
    this.names = names;
    this.surroundings = surroundings;
    this.uid = lease.uid;
    this.isResumed = lease.incarnation > 1;
    this.#lease = lease;
    this.#stopClock = serveClock(nats, names.clock, lease.uid);
    void followKeys(
      nats,
      names.bucket,
      (key, text) => {
        if (text === undefined) return;
        this.values.set(key, text);
        for (const listener of this.#listeners) listener(key, text);
      },
      { onTrouble: (thrown) => this.debug(thrown), signal: this.#ending.signal },
    );
  }

  /** The next measurement. */
  async nextRound(): Promise<Round> {
    // A coordinator that is gone may have ended some.
    while ((await this.kv.get(keys.ended(this.#rounds))) !== null) this.#rounds++;
    this.#lastRound = await Round.open(this, this.#rounds++);
    return this.#lastRound;
  }

  /** Calls `onKey` with each key that is there, and with each change. @returns a function that stops it. */
  listen(onKey: (key: string, text: string) => void): () => void {
    this.#listeners.add(onKey);
    for (const [key, text] of this.values) onKey(key, text);
    return () => this.#listeners.delete(onKey);
  }

  debug(thrown: unknown): void {
    this.surroundings.log('DEBUG', 'cluster', messageOf(thrown));
  }

  /**
   * Tells the agents that the run is over, and deletes what NATS holds of it. If its records are not all in files, it stays
   * as it is, and `aiperf attach` can finish it.
   */
  async finish(): Promise<void> {
    const { nats, names } = this;
    this.#lastRound?.close();
    if (this.#lastRound?.holdsRecords) {
      const { run } = this.options;
      this.surroundings.log(
        'WARNING',
        'cluster',
        `NATS keeps run ${run}. Finish it with: aiperf attach ${run} --nats …`,
      );
      await this.#leave();
      return;
    }
    try {
      const directory = await openBucket(nats, DIRECTORY);
      await directory.delete(this.options.run);
      this.#lease.release();
      await deleteRun(nats, names);
    } catch (thrown) {
      this.surroundings.log(
        'WARNING',
        'cluster',
        `what NATS holds of run ${this.options.run} could not be deleted: ${messageOf(thrown)}`,
      );
    }
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#ending.abort();
    this.#lease.release();
    this.#stopClock();
    await this.nats.close();
  }
}

/** Deletes all streams of a run, of which some may be missing. @throws what NATS answers otherwise. */
async function deleteRun({ jsm }: Nats, { bucket, data, records, events }: RunNames): Promise<void> {
  for (const stream of [records, events, `OBJ_${data}`, `KV_${bucket}`]) {
    await jsm.streams.delete(stream).catch((thrown: unknown) => {
      if (!isStreamGone(thrown)) throw thrown;
    });
  }
}

/** Takes the run, or takes it over from a coordinator that is gone. @throws UserError if that one is alive. */
async function coordinate(
  kv: KV,
  { run, shardTimeoutSeconds }: ClusterOptions,
  { log }: Surroundings,
): Promise<Lease> {
  const uid = randomBytes(8).toString('hex');
  const holder = await holderOf(kv, keys.coordinator);
  if (holder !== undefined) {
    const { host } = holder.entry;
    log(
      'NOTICE',
      'cluster',
      `run ${run} has been begun by a coordinator on ${host}: waiting for its sign of life`,
    );
    await sleep(shardTimeoutSeconds * 1000, new AbortController().signal);
  }
  const lease = await takeLease(kv, keys.coordinator, uid, holder);
  if (lease !== undefined) return lease;
  const other = (await holderOf(kv, keys.coordinator))?.entry.host ?? hostname();
  throw new UserError(
    `Run ${run} has a coordinator already, on ${other}.`,
    'Wait until it ends, or name another run with --run-id.',
  );
}

/** Reads an entry of the directory. @throws BadMessage */
export function readRunEntry(text: string): RunEntry {
  return readMessage(runEntry, 'an entry of the directory of runs', text);
}
