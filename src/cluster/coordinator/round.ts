import { hostname } from 'node:os';
import type { Msg } from '@nats-io/transport-node';
import type { LoadPlan } from '../../load/plan.js';
import type { LoadSource } from '../../load/source.js';
import type { ShardsSection } from '../../run/shards.js';
import { type Clock, type ClockOrigin, openClock, takeOrigin } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import { type EndedEntry, type PlanEntry, planEntry, readMessage } from '../messages.js';
import { keys } from '../names.js';
import { isStreamGone } from '../nats/connection.js';
import { followStream, type OnMessage } from '../nats/follow.js';
import { objectOf, putObject } from '../nats/objects.js';
import type { RunKeys } from '../nats/run-keys.js';
import { storeFiles } from '../plan/plan-files.js';
import { type PlanParts, type RoundPlan, readKept, takeApart } from '../plan/round-plan.js';
import type { Claim } from './claim.js';
import { gatherShards, shardsText } from './gathering.js';
import { type HeldRun, placeOf, type StoredFile } from './held-run.js';
import { type MergeFacts, reportMerge } from './merge-report.js';
import { RemoteLoad } from './remote-load.js';
import { RoundInbox } from './round-inbox.js';
import type { ServedClock } from './served-clock.js';
import { Shard } from './shard.js';

/** What the rounds of a run share. */
export interface RoundContext {
  readonly held: HeldRun;
  readonly claim: Claim;
  readonly clock: ServedClock;
  readonly runKeys: RunKeys;
  /** Whether NATS holds records of any of them that are in no file. */
  readonly holdsRecords: () => boolean;
}

/** A measurement by all shards. */
export class Round {
  readonly number: number;
  /** Zero of its times. */
  readonly origin: ClockOrigin;
  /** What the coordinator that began it has stored for its successor; undefined: it begins now. */
  readonly kept: unknown;
  /** Seed of its plan, if that is stored. */
  readonly seed: number | undefined;
  readonly shards: readonly Shard[];
  /** Id of the run. */
  readonly run: string;
  readonly #context: RoundContext;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #inbox: RoundInbox;
  readonly #stops: (() => void)[] = [];
  #hash: string | undefined;
  /** Whether NATS has lost the run. */
  #isGone = false;
  /** Whether its results are written, or it was given up before the start. */
  #isSettled = false;

  /** Begins a round, or goes on with the one of a coordinator that is gone. */
  static async open(context: RoundContext, number: number): Promise<Round> {
    const { kv, store } = context.held;
    const found = await kv.get(keys.plan(number));
    if (found === null) return new Round(context, number, takeOrigin(), undefined);
    const { hash, origin, seed } = readMessage(planEntry, found.string());
    const { kept } = readKept(await objectOf(store, hash));
    const epochNs = BigInt(origin.epochNs);
    const here = takeOrigin();
    // This process has another clock; records have the times of the first one, and agents go on with that one.
    const own = { epochNs, monotonicNs: here.monotonicNs - (here.epochNs - epochNs) };
    context.clock.shiftNs = BigInt(origin.monotonicNs) - own.monotonicNs;
    const round = new Round(context, number, own, { kept, hash, seed });
    round.#isSettled = (await context.held.endOf(number)) !== undefined;
    await round.#inbox.takeStored(kv);
    return round;
  }

  private constructor(
    context: RoundContext,
    number: number,
    origin: ClockOrigin,
    stored: { readonly kept: unknown; readonly hash: string; readonly seed: number } | undefined,
  ) {
    const { options, names, surroundings } = context.held;
    this.number = number;
    this.origin = origin;
    this.kept = stored?.kept;
    this.seed = stored?.seed;
    this.shards = Array.from({ length: options.shards }, (_, shard) => new Shard(shard));
    this.run = options.run;
    this.#context = context;
    this.#clock = openClock(origin);
    this.#hash = stored?.hash;
    this.#inbox = new RoundInbox({
      ...{ round: number, shards: this.shards, names, ...surroundings },
      hash: () => this.#hash,
    });
  }

  /** Whether a coordinator that is gone has started a phase: agents need no more of one for it. */
  hasStarted(phase: number): boolean {
    return this.#inbox.starts.has(phase);
  }

  /**
   * Hands the plan to the agents, and waits until all shards are ready to send, or enough of them after the time to join.
   * @throws UserError if too few are.
   */
  async gather(plan: RoundPlan, firstSession: number, signal: AbortSignal): Promise<void> {
    const { held, claim, runKeys } = this.#context;
    const { nats, names, options, surroundings } = held;
    const files = await held.ask(() => storeFiles(held.store, plan.load));
    const parts = takeApart(plan, files);
    if (parts.hidden.length > nats.maxBytes) {
      this.#isSettled = true;
      throw new UserError(
        `Headers, URLs and extra inputs of a request have ${parts.hidden.length} bytes, and the NATS server takes messages of at most ${nats.maxBytes}.`,
        'Raise max_payload in its configuration.',
      );
    }
    this.#answer(names.secrets, (message) => message.respond(parts.hidden));
    if (this.#hash === undefined) await this.#publish(parts, plan.load.prompts.seed, firstSession);
    this.#stops.push(runKeys.listen((key, text) => this.#inbox.takeKey(key, text)));
    this.#answer(names.allTicks, (message) => this.#inbox.takeTick(message.string()));
    const early = new AbortController();
    this.#stops.push(() => early.abort());
    this.#follow(names.events, early.signal, (message) =>
      this.#inbox.takeEarlyEvent(message.subject, message.string()),
    );
    try {
      const missing = await gatherShards(
        this.shards,
        {
          ...{ ...options, ...surroundings, host: hostname() },
          hasBegun: () => this.#inbox.starts.size > 0,
          refusal: () => this.#inbox.refusal,
          superseded: claim.superseded,
        },
        signal,
      );
      this.#isSettled = signal.aborted;
      if (!signal.aborted && missing.length > 0) this.#startWithout(missing);
    } catch (thrown) {
      this.#isSettled = !claim.superseded.aborted;
      throw thrown;
    } finally {
      early.abort();
    }
  }

  /** Stores the plan for agents and successors. */
  async #publish({ bytes, hash }: PlanParts, seed: number, firstSession: number): Promise<void> {
    const { held, clock } = this.#context;
    const { kv, store, options } = held;
    await held.ask(() => putObject(store, hash, bytes));
    const { monotonicNs, epochNs } = this.origin;
    const entry: PlanEntry = {
      ...{ round: this.number, version, hash, seed, firstSession, shards: options.shards },
      origin: { monotonicNs: `${monotonicNs + clock.shiftNs}`, epochNs: `${epochNs}` },
    };
    // Written by nobody but the coordinator, perhaps by an attempt whose answer was lost.
    await held.ask(() => kv.put(keys.plan(this.number), JSON.stringify(entry)));
    this.#hash = hash;
  }

  /** Calls `act` with each message of a subject until the round is closed. */
  #answer(subject: string, act: (message: Msg) => void): void {
    const subscription = this.#context.held.nats.core.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) act(message);
      },
    });
    this.#stops.push(() => subscription.unsubscribe());
  }

  #startWithout(missing: readonly Shard[]): void {
    // One that was ready, and gives no sign of life now, may come back.
    for (const shard of missing.filter(({ latest }) => latest === undefined)) {
      const why = shard.holder?.failure ?? 'was not there when the run started';
      shard.absence = { why, atNs: this.#clock.nowNs() };
    }
    this.#context.held.surroundings.log(
      'WARNING',
      'cluster',
      `the run starts without ${shardsText(missing)}: that part of the load is not sent`,
    );
  }

  /** The load that the shards send. @param spool folder that their records are put into; undefined: none. */
  openSource(
    load: LoadPlan,
    spool: string | undefined,
    onSpoolFailure: (message: string) => void,
  ): LoadSource {
    const { held, claim } = this.#context;
    const { nats, kv, options, surroundings, names } = held;
    const source = new RemoteLoad(this.shards, {
      ...{ nats, kv, load, spool, onSpoolFailure, clock: this.#clock, ...surroundings, round: this.number },
      shardTimeoutSeconds: options.shardTimeoutSeconds,
      abortsOnLoss: options.abortsOnLoss,
      ...{ starts: this.#inbox.starts, joins: this.#inbox.joins, superseded: claim.superseded },
    });
    this.#follow(names.records, this.#ending.signal, ({ subject, data }) => {
      this.#inbox.takeRecords(subject, data);
      return source.drained();
    });
    this.#follow(names.events, this.#ending.signal, (message) =>
      this.#inbox.takeEvent(message.subject, message.string()),
    );
    return source;
  }

  #follow(stream: string, signal: AbortSignal, onMessage: OnMessage): void {
    const { held } = this.#context;
    const onTrouble = (thrown: unknown) => {
      held.noteTrouble(thrown);
      if (isStreamGone(thrown)) void this.#noteStreamGone();
    };
    void followStream(held.nats, stream, onMessage, { onTrouble, signal });
  }

  /** How complete the records of all shards are, and how their clients did. */
  report(facts: Omit<MergeFacts, 'planDigest' | 'origin'>): ShardsSection {
    return reportMerge(this.shards, { ...facts, planDigest: this.#hash ?? '', origin: this.origin });
  }

  /** Whether NATS holds records of it that are in no file. */
  get holdsRecords(): boolean {
    return this.#hash !== undefined && !this.#isSettled;
  }

  /** Makes sure that no other coordinator has taken over. @throws UserError */
  confirm(): Promise<void> {
    return this.#context.claim.confirm();
  }

  /**
   * Ends it; the records that NATS holds of it are deleted.
   * @param folder of its files. @param files those of them that a successor on another machine gets. @throws UserError if another coordinator has taken over.
   */
  async end(
    { failure, isSound }: Pick<EndedEntry, 'failure' | 'isSound'>,
    folder: string,
    files: readonly StoredFile[],
  ): Promise<void> {
    await this.confirm();
    this.close();
    this.#isSettled = true;
    if (this.#isGone) return;
    const { held, holdsRecords } = this.#context;
    const { nats, names, options } = held;
    // The results are written: who waits for them does not wait long for NATS.
    const limitSeconds = options.shardTimeoutSeconds;
    const unsealed = this.shards.flatMap(({ number: shard, parts }) =>
      parts
        .filter(({ receiver }) => receiver?.seal === undefined)
        .map(({ number: incarnation }) => ({ shard, incarnation })),
    );
    try {
      const entry: EndedEntry = {
        ...(failure === undefined ? {} : { failure }),
        ...{ isSound, place: placeOf(folder), unsealed },
        files: await held.storeFiles(files, limitSeconds),
      };
      await held.end(this.number, entry, limitSeconds);
      // A round whose files could not be written is in the same streams.
      if (holdsRecords()) return;
      await held.ask(() => nats.jsm.streams.purge(names.records), limitSeconds);
      await held.ask(() => nats.jsm.streams.purge(names.events), limitSeconds);
    } catch (thrown) {
      const { log } = held.surroundings;
      log('WARNING', 'cluster', `the agents do not know that the results are written: ${messageOf(thrown)}`);
    }
  }

  /** Listens no more. */
  close(): void {
    this.#ending.abort();
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** NATS has lost the records that this process has not read. */
  async #noteStreamGone(): Promise<void> {
    try {
      await this.confirm();
    } catch {
      // Another coordinator has finished the run.
      return;
    }
    this.#isGone = true;
    const { surroundings, options } = this.#context.held;
    const lost = this.shards.flatMap(({ current }) =>
      current === undefined || current.failure !== undefined || current.isOver ? [] : [current],
    );
    for (const part of lost) part.failure = 'was lost with the disk of NATS (its agent keeps its records)';
    if (lost.length > 0)
      surroundings.log(
        'ERROR',
        'cluster',
        `NATS has lost run ${options.run}. Each agent logs the folder of its records: copy those of all shards to one machine, and run: aiperf merge FOLDER… --artifact-dir DIR`,
      );
  }
}
