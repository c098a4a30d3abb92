import { MessageChannel } from 'node:worker_threads';
import type { KV } from '@nats-io/kv';
import { dueRequests } from '../load/due-requests.js';
import type { LoadPlan } from '../load/plan.js';
import { type BatchFeed, type ClientReport, type LiveShard, type LoadSource, sumOf } from '../load/source.js';
import { failsTooOften } from '../schedule/stop.js';
import type { Clock } from '../util/clock.js';
import { messageOf } from '../util/errors.js';
import type { Log } from '../util/log.js';
import { every, sleep } from '../util/timeout.js';
import type { Nats } from './connection.js';
import { type AbortEntry, readMessage, type StartEntry, startEntry } from './messages.js';
import { keys } from './names.js';
import type { Shard } from './shard.js';
import { ShardReceiver } from './shard-receiver.js';

/** From the decision to start to the start: every agent has the message by then. */
const LEAD_NS = 3e9;
const CHECK_EVERY_MS = 100;
const RETRY_EVERY_MS = 250;

export interface RemoteLoadOptions {
  readonly nats: Nats;
  readonly kv: KV;
  readonly round: number;
  readonly load: LoadPlan;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Folder that received batches are spooled to; undefined: none. */
  readonly spool: string | undefined;
  readonly onSpoolFailure: (message: string) => void;
  /** Seconds without a sign of life after which a shard is lost. */
  readonly shardTimeoutSeconds: number;
  /** A lost shard ends the run at once. */
  readonly abortsOnLoss: boolean;
  /** Starts of phases that are in the bucket already. */
  readonly starts: ReadonlyMap<number, StartEntry>;
  /** Aborted when another coordinator has taken over, with an error as its reason. */
  readonly superseded: AbortSignal;
}

/**
 * The load of shards on other machines. Their records arrive in the streams of the run and are put into the spool, as
 * load threads of this process would do.
 */
export class RemoteLoad implements LoadSource {
  readonly feeds: readonly BatchFeed[];
  readonly ready = Promise.resolve();
  readonly finished: Promise<void>;
  readonly #shards: readonly Shard[];
  readonly #options: RemoteLoadOptions;
  readonly #stop: () => void;
  /** Requests that are due from each shard, by phase; undefined where that depends on the server. */
  readonly #due: readonly (readonly number[] | undefined)[];
  #finish = () => {};
  #isInterrupted = false;
  /** Whether all that is left is to take in the rest. */
  #isFinishing = false;
  #phase = 0;
  #onChange = () => {};

  /** @param shards all of the run; one that is not ready has been lost. */
  constructor(shards: readonly Shard[], options: RemoteLoadOptions) {
    const { round, spool, onSpoolFailure, clock } = options;
    this.#shards = shards;
    this.#options = options;
    const { load } = options;
    this.#due = load.phases.map((phase) => dueRequests(load, phase, shards.length));
    const feeds: BatchFeed[] = [];
    for (const shard of shards) {
      if (shard.ready === undefined) continue;
      const firstThread = feeds.length;
      const ports = Array.from({ length: shard.ready.threads }, (_, thread) => {
        const { port1, port2 } = new MessageChannel();
        const spoolNumber = spool === undefined ? undefined : firstThread + thread;
        // Times of a shard are on the clock of this process already.
        feeds.push({ port: port1, spoolNumber, origin: clock.origin, shard: shard.number });
        return port2;
      });
      shard.receiver = new ShardReceiver({ round, ports, spool, firstThread, onSpoolFailure });
    }
    this.feeds = feeds;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#stop = every(CHECK_EVERY_MS, () => this.#check());
    options.superseded.addEventListener('abort', () => void this.terminate(), { once: true });
  }

  get origin() {
    return this.#options.clock.origin;
  }

  /** A shard that has given no sign of life by then is lost. A second interrupt does not wait. */
  get handOverMs() {
    return this.#options.shardTimeoutSeconds * 1000 + 2000;
  }

  progressOf(phase: number) {
    const sum = sumOf(this.#shards.map((shard) => shard.progressOf(phase)));
    const { nats, nowMs, load } = this.#options;
    const limit = load.phases[phase]?.failureLimit;
    return {
      ...sum,
      // An agent stops when it is told to, and requests that were in flight then have failed: both say nothing of the server.
      stopped: !this.#isInterrupted && limit !== undefined && failsTooOften(sum, limit),
      // While this process is cut off from NATS, nothing tells whether requests are stuck.
      activity: nats.isConnected ? sum.activity : nowMs(),
    };
  }

  shards(): readonly LiveShard[] {
    const phase = this.#phase;
    const name = this.#options.load.phases[phase]?.name ?? 'profiling';
    return this.#shards.map((shard) => shard.live(phase, name, this.#due[phase]?.[shard.number]));
  }

  async startOf(phase: number, earliestNs: number): Promise<number> {
    const { starts, clock } = this.#options;
    const errorNs = Math.max(0, ...this.#shards.map(({ ready }) => ready?.clock.errorNs ?? 0));
    // Files have times in whole nanoseconds, and what is computed from them must be what this process computes.
    const startNs = Math.ceil(Math.max(earliestNs, clock.nowNs() + LEAD_NS + errorNs));
    return starts.get(phase)?.startNs ?? startNs;
  }

  clients(phase: number): readonly ClientReport[] {
    const sources = this.#shards.length;
    return this.#shards.flatMap((shard) => {
      const share = { source: shard.number, sources };
      const { movedNs } = shard.progressOf(phase);
      return shard.client.report(phase, { share, movedNs, roof: shard.ready?.roof }) ?? [];
    });
  }

  async runPhase(phase: number, startNs: number, firstSession: number) {
    const { round, starts, superseded } = this.#options;
    superseded.throwIfAborted();
    this.#phase = phase;
    if (!starts.has(phase)) {
      const entry: StartEntry = { startNs, firstSession };
      await this.#put(keys.start(round, phase), entry);
    }
    await new Promise<void>((resolve, reject) => {
      superseded.addEventListener('abort', () => reject(superseded.reason), { once: true });
      this.#onChange = () => {
        if (this.#shards.every((shard) => shard.isOver || shard.client.isDone(phase))) resolve();
      };
      this.#onChange();
    });
    return [];
  }

  nextSession(_phase: number, firstSession: number): number {
    return Math.max(firstSession, ...this.#shards.map((shard) => shard.nextSession));
  }

  interrupt(why: string): void {
    const entry: AbortEntry = { why };
    this.#isInterrupted = true;
    if (!this.#options.superseded.aborted) void this.#put(keys.abort(this.#options.round), entry);
  }

  finish(): void {
    this.#isFinishing = true;
    this.#check();
  }

  async terminate(): Promise<void> {
    this.#stop();
    for (const shard of this.#shards) shard.receiver?.close();
    this.#finish();
  }

  /** Finds shards that are lost, and ends what is over. */
  #check(): void {
    const { load, clock, abortsOnLoss } = this.#options;
    for (const shard of this.#shards) {
      if (shard.isOver) continue;
      const why = this.#lossOf(shard);
      if (why === undefined) continue;
      shard.loss = { why, atNs: clock.nowNs() - (this.#silentMs(shard) ?? 0) * 1e6 };
      shard.receiver?.close();
      shard.settleLoss(load.phases.map(({ name }) => name));
      if (abortsOnLoss) this.#abort(shard);
    }
    this.#onChange();
    if (this.#isFinishing && this.#shards.every(({ isOver }) => isOver)) void this.terminate();
  }

  /** Ends the run because a shard was lost. */
  #abort({ number }: Shard): void {
    const others = this.#shards.filter(({ isOver, stopped }) => !isOver && stopped === undefined);
    for (const other of others) other.stopped = `was stopped because shard ${number} was lost`;
    this.#options.log('ERROR', 'cluster', `shard ${number} was lost: the run ends (--on-shard-loss abort)`);
    this.interrupt(`shard ${number} was lost, and the run was ended`);
  }

  /** Why a shard is lost; undefined: it is not, or not yet. */
  #lossOf(shard: Shard): string | undefined {
    const { receiver, failure } = shard;
    if (receiver?.fault !== undefined) return `was lost (${receiver.fault})`;
    if (failure !== undefined) return failure;
    const silentMs = this.#silentMs(shard);
    this.#noteSilence(shard, silentMs !== undefined);
    if (silentMs === undefined) return undefined;
    // A shard that is cut off comes back with all of its records, so the others are waited for.
    const othersWait = this.#shards.some(
      (other) =>
        other !== shard &&
        !other.isOver &&
        this.#silentMs(other) === undefined &&
        (this.#isFinishing || !other.client.isDone(this.#phase)),
    );
    if (othersWait && !this.#options.abortsOnLoss) return undefined;
    return 'was lost (no sign of life since)';
  }

  /** Says once that a shard is silent, and once that it is back. */
  #noteSilence(shard: Shard, isSilent: boolean): void {
    if (shard.isSilent === isSilent) return;
    shard.isSilent = isSilent;
    const what = isSilent ? 'gives no sign of life' : 'is back';
    this.#options.log('WARNING', 'cluster', `shard ${shard.number} ${what}`);
  }

  /** Since when a shard gives no sign of life, ms; undefined: not for long, or this process is cut off itself. */
  #silentMs({ signMs }: Shard): number | undefined {
    const { nats, nowMs, shardTimeoutSeconds } = this.#options;
    if (!nats.isConnected) return undefined;
    // While nothing comes from NATS either, it is this process that is cut off.
    const silentMs = nats.heardAtMs - Math.max(signMs, nats.connectedAtMs);
    return silentMs < shardTimeoutSeconds * 1000 ? undefined : nowMs() - signMs;
  }

  /** Creates a key, also if the server is away for a while; an existing key stays. */
  async #put(key: string, entry: object): Promise<void> {
    const { kv, log } = this.#options;
    for (;;) {
      try {
        const found = await kv.get(key);
        if (found === null) await kv.create(key, JSON.stringify(entry));
        return;
      } catch (thrown) {
        log('DEBUG', 'cluster', `${key} cannot be written: ${messageOf(thrown)}`);
        await sleep(RETRY_EVERY_MS, new AbortController().signal);
      }
    }
  }
}

/** Reads the start of a phase. @throws BadMessage */
export function readStart(text: string): StartEntry {
  return readMessage(startEntry, 'the start of a phase', text);
}
