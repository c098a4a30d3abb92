import type { KV } from '@nats-io/kv';
import { type ClientReport, type LiveShard, type LoadSource, sumOf } from '../../load/source.js';
import { failsTooOften } from '../../schedule/stop.js';
import type { Clock } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { every } from '../../util/timeout.js';
import type { AbortEntry, JoinEntry, StartEntry } from '../messages.js';
import { keys } from '../names.js';
import type { Nats } from '../nats/connection.js';
import { insist } from '../nats/retry.js';
import type { Incarnation } from './incarnation.js';
import type { Shard } from './shard.js';
import { ShardParts, type ShardPartsOptions } from './shard-parts.js';

/** From the decision to start to the start: every agent has the message by then. */
const LEAD_NS = 3e9;
/** The same for an agent that joins. */
const JOIN_LEAD_NS = 1e9;
const CHECK_EVERY_MS = 100;
const LOST = 'was lost (no sign of life since)';

export interface RemoteLoadOptions extends Omit<ShardPartsOptions, 'origin'> {
  readonly nats: Nats;
  readonly kv: KV;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Seconds without a sign of life after which a shard is lost. */
  readonly shardTimeoutSeconds: number;
  /** A lost shard ends the run at once. */
  readonly abortsOnLoss: boolean;
  /** Aborted when another coordinator has taken over, with an error as its reason. */
  readonly superseded: AbortSignal;
}

/**
 * The load of shards on other machines. Their records arrive in the streams of the run and are put into the spool, as
 * load threads of this process would do.
 */
export class RemoteLoad implements LoadSource {
  readonly ready = Promise.resolve();
  readonly finished: Promise<void>;
  readonly #shards: readonly Shard[];
  readonly #options: RemoteLoadOptions;
  readonly #parts: ShardParts;
  readonly #stop: () => void;
  readonly #closing = new AbortController();
  #finish = () => {};
  #isInterrupted = false;
  /** Whether all that is left is to take in the rest. */
  #isFinishing = false;
  #phase = 0;
  /** Of the phase that is played; undefined: none is. */
  #start: Pick<StartEntry, 'startNs' | 'firstSession'> | undefined;
  #onChange = () => {};

  /** @param shards all of the run; one that is not ready has been lost. */
  constructor(shards: readonly Shard[], options: RemoteLoadOptions) {
    this.#shards = shards;
    this.#options = options;
    this.#parts = new ShardParts(shards, { ...options, origin: options.clock.origin });
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#stop = every(CHECK_EVERY_MS, () => this.#check());
    options.superseded.addEventListener('abort', () => void this.terminate(), { once: true });
  }

  get feeds() {
    return this.#parts.feeds;
  }

  /** Resolves when there is room for further records. */
  drained(): Promise<void> {
    return this.#parts.drained();
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
    return this.#shards.map((shard) => shard.live(phase, name, this.#parts.due(phase, shard.number)));
  }

  async startOf(phase: number, earliestNs: number): Promise<number> {
    const { starts, clock } = this.#options;
    const errorNs = Math.max(0, ...this.#shards.map(({ latest }) => latest?.ready.clock.errorNs ?? 0));
    // Files have times in whole nanoseconds, and what is computed from them must be what this process computes.
    const startNs = Math.ceil(Math.max(earliestNs, clock.nowNs() + LEAD_NS + errorNs));
    return starts.get(phase)?.startNs ?? startNs;
  }

  clients(phase: number): readonly ClientReport[] {
    const sources = this.#shards.length;
    return this.#shards.flatMap(({ number, current }) => {
      if (current === undefined) return [];
      const share = { source: number, sources };
      const { movedNs } = current.progressOf(phase);
      return current.client.report(phase, { share, movedNs, roof: current.ready.roof }) ?? [];
    });
  }

  async runPhase(phase: number, startNs: number, firstSession: number) {
    const { round, starts, superseded } = this.#options;
    superseded.throwIfAborted();
    this.#phase = phase;
    if (!starts.has(phase)) {
      const incarnations = this.#shards.map(({ isOver, current }) => (isOver ? 0 : (current?.number ?? 0)));
      const entry: StartEntry = { startNs, firstSession, incarnations };
      await this.#put(keys.start(round, phase), entry);
    }
    this.#start = { startNs, firstSession };
    await new Promise<void>((resolve, reject) => {
      superseded.addEventListener('abort', () => reject(superseded.reason), { once: true });
      this.#onChange = () => {
        if (this.#shards.every((shard) => this.#isDone(shard, phase))) resolve();
      };
      this.#check();
    });
    this.#start = undefined;
    return [];
  }

  nextSession(_phase: number, firstSession: number): number {
    return Math.max(firstSession, ...this.#shards.map(({ current }) => current?.nextSession ?? 0));
  }

  interrupt(why: string): void {
    const entry: AbortEntry = { why };
    this.#isInterrupted = true;
    this.#start = undefined;
    if (!this.#options.superseded.aborted) void this.#put(keys.abort(this.#options.round), entry);
  }

  finish(): void {
    this.#isFinishing = true;
    this.#check();
  }

  async terminate(): Promise<void> {
    this.#stop();
    this.#closing.abort();
    this.#parts.close();
    this.#finish();
  }

  /** Lets agents join that wait for it, finds shards that are lost, and ends what is over. */
  #check(): void {
    const { load, clock, abortsOnLoss } = this.#options;
    for (const shard of this.#shards) {
      if (this.#awaits(shard)) this.#admit(shard);
      const why = shard.isOver ? undefined : this.#lossOf(shard);
      const { current } = shard;
      if (why === undefined || current === undefined) continue;
      current.loss = { why, atNs: why === LOST ? this.#lastSignNs(current) : clock.nowNs() };
      current.receiver?.close();
      current.settle(load.phases.map(({ name }) => name));
      if (abortsOnLoss) this.#abort(shard);
    }
    this.#onChange();
    if (this.#isFinishing && this.#shards.every(({ isOver }) => isOver)) void this.terminate();
  }

  /** Whether its part of a phase is over. */
  #isDone(shard: Shard, phase: number): boolean {
    return !this.#awaits(shard) && (shard.isOver || shard.isDone(phase));
  }

  /** Whether another agent has taken the shard to join the phase, and gives signs of life. */
  #awaits({ holder, current }: Shard): boolean {
    if (this.#start === undefined || holder === undefined || holder.failure !== undefined) return false;
    if (!holder.entry.rejoins || holder.entry.incarnation <= (current?.number ?? 0)) return false;
    const seal = current?.receiver?.seal;
    const isDone = seal === undefined ? current?.isDone(this.#phase) === true : seal.cut === undefined;
    const hasWork = holder.considered?.phase !== this.#phase || holder.considered.hasWork;
    return !isDone && hasWork && this.#silentMs(holder) === undefined;
  }

  /** Lets the agent that holds the shard join the phase when it is ready, unless nothing is left for it. */
  #admit(shard: Shard): void {
    const { load, clock, round, log } = this.#options;
    const { latest, current, holder, number } = shard;
    if (this.#start === undefined || holder === undefined) return;
    const { startNs, firstSession } = this.#start;
    const isReady = latest?.number === holder.entry.incarnation;
    if (!isReady && holder.considered?.phase === this.#phase) return;
    const errorNs = isReady ? latest.ready.clock.errorNs : 0;
    const atNs = Math.max(startNs, Math.ceil(clock.nowNs() + JOIN_LEAD_NS + errorNs));
    const before = this.#parts.partBefore(shard, this.#phase, firstSession, atNs - startNs);
    shard.holder = { ...holder, considered: { phase: this.#phase, hasWork: before !== undefined } };
    if (before === undefined || !isReady) return;
    if (current !== undefined && current.receiver?.seal === undefined)
      current.loss ??= { why: LOST, atNs: this.#lastSignNs(current) };
    const join: JoinEntry = { phase: this.#phase, atNs, ...before };
    this.#parts.open(shard, latest, join);
    shard.isSilent = false;
    void this.#put(keys.join(round, number, latest.number), join);
    const when = `the ${load.phases[this.#phase]?.name} phase, ${((atNs - startNs) / 1e9).toFixed(1)} s after its start`;
    log('WARNING', 'cluster', `shard ${number}: another agent (${latest.ready.host}) joins ${when}`);
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
    const { current } = shard;
    if (current === undefined) return undefined;
    const { receiver, failure } = current;
    if (receiver?.fault !== undefined) return `was lost (${receiver.fault})`;
    if (failure !== undefined) return failure;
    const isSilent = this.#silentMs(current) !== undefined;
    this.#noteSilence(shard, isSilent);
    if (!isSilent || (this.#awaits(shard) && !this.#options.abortsOnLoss)) return undefined;
    // A shard that is cut off comes back with all of its records, so the others are waited for.
    const othersWait = this.#shards.some(
      (other) =>
        other !== shard &&
        !other.isOver &&
        other.current !== undefined &&
        this.#silentMs(other.current) === undefined &&
        (this.#isFinishing || !other.isDone(this.#phase)),
    );
    if (othersWait && !this.#options.abortsOnLoss) return undefined;
    return LOST;
  }

  /** Says once that a shard is silent, and once that it is back. */
  #noteSilence(shard: Shard, isSilent: boolean): void {
    if (shard.isSilent === isSilent) return;
    shard.isSilent = isSilent;
    const what = isSilent ? 'gives no sign of life' : 'is back';
    this.#options.log('WARNING', 'cluster', `shard ${shard.number} ${what}`);
  }

  /** Since when a process gives no sign of life, ms; undefined: not for long, or this process is cut off itself. */
  #silentMs({ signMs }: { readonly signMs: number }): number | undefined {
    const { nats, nowMs, shardTimeoutSeconds } = this.#options;
    if (!nats.isConnected) return undefined;
    // While nothing comes from NATS either, it is this process that is cut off.
    const silentMs = nats.heardAtMs - Math.max(signMs, nats.connectedAtMs);
    return silentMs < shardTimeoutSeconds * 1000 ? undefined : nowMs() - signMs;
  }

  /** Time of the last sign of life, since the origin of the round. */
  #lastSignNs({ signMs }: Incarnation): number {
    const { clock, nowMs } = this.#options;
    return clock.nowNs() - (nowMs() - signMs) * 1e6;
  }

  /** Creates a key, also if the server is away for a while; an existing key stays. */
  async #put(key: string, entry: object): Promise<void> {
    const { kv, log } = this.#options;
    const create = async () => {
      if ((await kv.get(key)) === null) await kv.create(key, JSON.stringify(entry));
    };
    await insist(create, this.#closing.signal, (thrown) =>
      log('DEBUG', 'cluster', `${key} cannot be written: ${messageOf(thrown)}`),
    );
  }
}
