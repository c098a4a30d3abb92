import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { ObjectStore } from '@nats-io/obj';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { version } from '../../util/version.js';
import {
  type AbortEntry,
  type EndedEntry,
  endedEntry,
  type RunEntry,
  readMessage,
  seriesEntry,
} from '../messages.js';
import { DIRECTORY, keys, namesOf, type RunNames } from '../names.js';
import { type Nats, type NatsOptions, openBucket, openNats, openStore } from '../nats/connection.js';
import { followKeys } from '../nats/follow.js';
import type { Lease } from '../nats/lease.js';
import { objectOf, putObject, sha256 } from '../nats/objects.js';
import { notPossible } from '../nats/refusals.js';
import { ask } from '../nats/retry.js';
import { fromBytes, toBytes } from '../plan/plan-bytes.js';
import { removeRest, removeRun } from './remove-run.js';
import { Round } from './round.js';
import { serveClock } from './serve-clock.js';
import { processOf, takeRun } from './take-run.js';

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

/** A file to store, by what both sides call it. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: Uint8Array;
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
  /** Whether there is more to do than the rounds that this process has opened: NATS then keeps the run. */
  hasMore: boolean;
  /** Values of the keys of the run. */
  readonly values = new Map<string, string>();
  /** The clock of the coordinator that began the run, which agents know, less that of this process. */
  clockShiftNs = 0n;
  readonly #lease: Lease;
  readonly #ending = new AbortController();
  readonly #superseded = new AbortController();
  readonly #stopClock: () => void;
  readonly #listeners = new Set<(key: string, text: string) => void>();
  readonly #rounds: Round[] = [];

  /** @throws UserError if NATS cannot be used, or the run has a coordinator. */
  static async open(options: ClusterOptions, surroundings: Surroundings): Promise<Coordinator> {
    const { log, nowMs } = surroundings;
    const names = namesOf(options.run);
    const nats = await openNats(options.nats, `aiperf ${options.run} coordinator`, nowMs, (what) =>
      log('WARNING', 'cluster', what),
    );
    let lease: Lease | undefined;
    try {
      await removeRest(nats, options.run, nowMs);
      const kv = await openBucket(nats, names.bucket);
      lease = await takeRun(kv, options, surroundings);
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
      await lease?.leave();
      // What another coordinator has left stays.
      if (lease?.incarnation === 1) await removeRun(nats, options.run).catch(() => {});
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
    this.hasMore = this.isResumed;
    this.#lease = lease;
    this.#stopClock = serveClock(nats, names.clock, lease.uid, () => Number(this.clockShiftNs));
    lease.lost.addEventListener('abort', () => this.#noteSuccessor(), { once: true });
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

  /** A measurement: begins it, or goes on with that of a coordinator that is gone. @param number from 0; agents play them in order. */
  async openRound(number: number): Promise<Round> {
    const round = await this.ask(() => Round.open(this, number));
    this.#rounds.push(round);
    return round;
  }

  /** How a round ended; undefined: it has not. */
  async endOf(round: number): Promise<EndedEntry | undefined> {
    const found = await this.ask(() => this.kv.get(keys.ended(round)));
    return found === null ? undefined : readMessage(endedEntry, found.string());
  }

  /** Whether a round has a plan, and whether it has been started: agents then need no more of a coordinator. */
  async progressOf(round: number): Promise<{ readonly isPlanned: boolean; readonly isStarted: boolean }> {
    const [plan, start] = await this.ask(() =>
      Promise.all([this.kv.get(keys.plan(round)), this.kv.get(keys.start(round, 0))]),
    );
    return { isPlanned: plan !== null, isStarted: start !== null };
  }

  /** Leaves a round out: agents go on to the next one. */
  async skip(round: number, entry: EndedEntry): Promise<void> {
    await this.ask(() => this.kv.put(keys.ended(round), JSON.stringify(entry)));
  }

  /** Gives a round up: agents go on to the next one. Records that are in no file stay, and a successor can take them in. */
  async giveUp(round: number, failure: string): Promise<void> {
    const isHeld = this.#rounds.some(({ number, holdsRecords }) => number === round && holdsRecords);
    try {
      const entry: AbortEntry = { why: failure };
      await this.kv.put(keys.abort(round), JSON.stringify(entry));
      if (!isHeld) await this.skip(round, { failure, isSound: false, files: [] });
    } catch (thrown) {
      this.debug(thrown);
    }
  }

  /** Stores what a successor needs to go on with a series. */
  async keepSeries(series: unknown): Promise<void> {
    const hash = await this.#storeBytes(toBytes(series));
    await this.ask(() => this.kv.put(keys.series, JSON.stringify({ hash })));
  }

  /** What `keepSeries` has stored; undefined: nothing. */
  keptSeries(): Promise<unknown> {
    return this.ask(() => readSeries(this.kv, this.store));
  }

  /** Stores files in the object store. @param limitSeconds as of `ask`. @returns what names them there. */
  async storeFiles(files: readonly StoredFile[], limitSeconds?: number): Promise<EndedEntry['files']> {
    const stored: EndedEntry['files'] = [];
    for (const { name, bytes } of files)
      stored.push({ name, hash: await this.#storeBytes(bytes, limitSeconds) });
    return stored;
  }

  async #storeBytes(bytes: Uint8Array, limitSeconds?: number): Promise<string> {
    const hash = sha256(bytes);
    await this.ask(() => putObject(this.store, hash, bytes), limitSeconds);
    return hash;
  }

  /** Whether NATS holds records of rounds that are in no file. */
  get holdsRecords(): boolean {
    return this.#rounds.some((round) => round.holdsRecords);
  }

  /** Calls `onKey` with each key that is there, and with each change. @returns a function that stops it. */
  listen(onKey: (key: string, text: string) => void): () => void {
    this.#listeners.add(onKey);
    for (const [key, text] of this.values) onKey(key, text);
    return () => this.#listeners.delete(onKey);
  }

  /** Aborted, with an error as its reason, when another coordinator has taken the run over: this one must end. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  /**
   * Makes sure that this process still coordinates, also if it was stopped for a while. If NATS cannot be asked, it does.
   * @throws UserError if another one has taken over.
   */
  async confirm(): Promise<void> {
    this.superseded.throwIfAborted();
    if (!this.nats.isConnected) return;
    const isKnown = await this.#lease.renew();
    if (!isKnown && (await this.#isDeleted())) this.#supersede('was finished by another coordinator');
    this.superseded.throwIfAborted();
  }

  #noteSuccessor(): void {
    const { successor } = this.#lease;
    if (successor !== undefined) this.#supersede(`was taken over by ${processOf(successor)}`);
  }

  #supersede(how: string): void {
    this.#stopClock();
    this.#closeRounds();
    this.#superseded.abort(
      new UserError(
        `Run ${this.options.run} ${how} while this coordinator gave no sign of life: it ends here and writes no results.`,
        'The report is where that one writes it.',
      ),
    );
  }

  /** Whether another coordinator has deleted the run. */
  async #isDeleted(): Promise<boolean> {
    try {
      const directory = await openBucket(this.nats, DIRECTORY);
      return (await directory.get(this.options.run))?.operation === 'DEL';
    } catch {
      return false;
    }
  }

  /** Asks NATS, also across an outage. @param limitSeconds the longest outage. @throws UserError */
  ask<Value>(
    act: () => Promise<Value>,
    limitSeconds: number = this.options.joinTimeoutSeconds,
  ): Promise<Value> {
    return ask(act, { nowMs: this.surroundings.nowMs, limitMs: limitSeconds * 1000 });
  }

  debug(thrown: unknown): void {
    this.surroundings.log('DEBUG', 'cluster', messageOf(thrown));
  }

  /**
   * Tells the agents that the run is over, and deletes what NATS holds of it. If its records are not all in files, or
   * NATS is away, it stays as it is, and `aiperf attach` can finish it.
   */
  async finish(): Promise<void> {
    this.#closeRounds();
    const isOurs = await this.confirm().then(
      () => true,
      () => false,
    );
    if (!isOurs) {
      await this.#leave();
      return;
    }
    if (this.hasMore || this.holdsRecords || !this.nats.isConnected) {
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
      await this.#delete();
    } catch (thrown) {
      this.surroundings.log(
        'WARNING',
        'cluster',
        `what NATS holds of run ${this.options.run} could not be deleted: ${messageOf(thrown)}`,
      );
    }
    await this.#leave();
  }

  async #delete(): Promise<void> {
    const { run } = this.options;
    const directory = await openBucket(this.nats, DIRECTORY);
    try {
      // Agents end by it. Who finds the rest after this knows that the run is over.
      await directory.delete(run);
      await this.#lease.leave();
      await removeRun(this.nats, run);
    } catch (thrown) {
      if (!(thrown instanceof JetStreamApiError)) throw thrown;
      // A full disk has no room for the note that the run is over.
      this.#lease.release();
      await removeRun(this.nats, run);
      await directory.delete(run);
    }
  }

  #closeRounds(): void {
    for (const round of this.#rounds) round.close();
  }

  async #leave(): Promise<void> {
    this.#ending.abort();
    this.#stopClock();
    if (this.nats.isConnected) await this.#lease.leave();
    else this.#lease.release();
    await this.nats.close();
  }
}

/** What the first coordinator of a series has stored for its successors; undefined: it is no series. @throws BadMessage, or Error for bytes that are gone. */
export async function readSeries(kv: KV, store: ObjectStore): Promise<unknown> {
  const found = await kv.get(keys.series);
  if (found === null) return undefined;
  const { hash } = readMessage(seriesEntry, found.string());
  return fromBytes(await objectOf(store, hash));
}
