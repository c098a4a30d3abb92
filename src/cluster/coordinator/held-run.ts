import { hostname } from 'node:os';
import type { KV } from '@nats-io/kv';
import type { ObjectStore } from '@nats-io/obj';
import { messageOf } from '../../util/errors.js';
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
import { type Nats, openBucket, openStore } from '../nats/connection.js';
import { objectOf, putObject, sha256 } from '../nats/objects.js';
import { ask } from '../nats/retry.js';
import { fromBytes, toBytes } from '../plan/plan-bytes.js';
import type { ClusterOptions, Surroundings } from './options.js';

/** Duplicates of a message are recognized for this long: no outage of NATS is longer. */
const DUPLICATE_WINDOW_NS = 3600e9;

/** A file to store, by what both sides call it. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A run as NATS holds it, for its coordinator: keys, streams and objects. */
export class HeldRun {
  readonly nats: Nats;
  readonly kv: KV;
  readonly store: ObjectStore;
  readonly names: RunNames;
  readonly options: ClusterOptions;
  readonly surroundings: Surroundings;

  /** Makes what is missing of it, and offers it to agents. @param kv its bucket. */
  static async open(
    nats: Nats,
    kv: KV,
    options: ClusterOptions,
    surroundings: Surroundings,
  ): Promise<HeldRun> {
    const { run, shards, shardTimeoutSeconds } = options;
    const names = namesOf(run);
    const streams = [
      { name: names.records, subjects: [names.allRecords] },
      { name: names.events, subjects: [names.allEvents] },
    ];
    for (const stream of streams)
      await nats.jsm.streams.add({ ...stream, storage: 'file', duplicate_window: DUPLICATE_WINDOW_NS });
    const store = await openStore(nats, names.data);
    const entry: RunEntry = { shards, version, shardTimeoutSeconds };
    const directory = await openBucket(nats, DIRECTORY);
    await directory.put(run, JSON.stringify(entry));
    return new HeldRun({ nats, kv, store, names, options, surroundings });
  }

  private constructor(parts: Pick<HeldRun, 'nats' | 'kv' | 'store' | 'names' | 'options' | 'surroundings'>) {
    this.nats = parts.nats;
    this.kv = parts.kv;
    this.store = parts.store;
    this.names = parts.names;
    this.options = parts.options;
    this.surroundings = parts.surroundings;
  }

  /** Asks NATS, also across an outage. @param limitSeconds the longest outage. @throws UserError */
  ask<Value>(
    act: () => Promise<Value>,
    limitSeconds: number = this.options.joinTimeoutSeconds,
  ): Promise<Value> {
    return ask(act, { nowMs: this.surroundings.nowMs, limitMs: limitSeconds * 1000 });
  }

  /** Notes what prevents something for now. */
  readonly noteTrouble = (thrown: unknown): void => {
    this.surroundings.log('DEBUG', 'cluster', messageOf(thrown));
  };

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

  /** Ends a round: agents go on to the next one. @param limitSeconds as of `ask`. */
  async end(round: number, entry: EndedEntry, limitSeconds?: number): Promise<void> {
    await this.ask(() => this.kv.put(keys.ended(round), JSON.stringify(entry)), limitSeconds);
  }

  /** Has agents send no more of a round. */
  async abort(round: number, why: string): Promise<void> {
    const entry: AbortEntry = { why };
    await this.kv.put(keys.abort(round), JSON.stringify(entry));
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
}

/** What the first coordinator of a series has stored for its successors; undefined: it is no series. @throws BadMessage, or Error for bytes that are gone. */
export async function readSeries(kv: KV, store: ObjectStore): Promise<unknown> {
  const found = await kv.get(keys.series);
  if (found === null) return undefined;
  const { hash } = readMessage(seriesEntry, found.string());
  return fromBytes(await objectOf(store, hash));
}

/** `/home/ada/artifacts on host-a`. @param folder absolute. */
export function placeOf(folder: string): string {
  return `${folder} on ${hostname()}`;
}
