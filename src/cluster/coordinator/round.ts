import { hostname } from 'node:os';
import type { JsMsg } from '@nats-io/jetstream';
import type { LoadPlan } from '../../load/plan.js';
import type { LoadSource } from '../../load/source.js';
import type { ShardsSection } from '../../run/shards.js';
import { type Clock, type ClockOrigin, openClock, takeOrigin } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import { type EndedEntry, type PlanEntry, planEntry, readMessage } from '../messages.js';
import { keys } from '../names.js';
import { isStreamGone } from '../nats/connection.js';
import { followStream } from '../nats/follow.js';
import { objectOf, putObject } from '../nats/objects.js';
import { storeFiles } from '../plan/plan-files.js';
import { type RoundPlan, readKept, takeApart } from '../plan/round-plan.js';
import type { Coordinator, StoredFile } from './coordinator.js';
import { gatherShards, shardsText } from './gathering.js';
import { type MergeFacts, reportMerge } from './merge-report.js';
import { RemoteLoad } from './remote-load.js';
import { RoundInbox } from './round-inbox.js';
import { Shard } from './shard.js';

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
  readonly #coordinator: Coordinator;
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
  static async open(coordinator: Coordinator, number: number): Promise<Round> {
    const found = await coordinator.kv.get(keys.plan(number));
    if (found === null) return new Round(coordinator, number, takeOrigin(), undefined);
    const { hash, origin, seed } = readMessage(planEntry, found.string());
    const { kept } = readKept(await objectOf(coordinator.store, hash));
    const epochNs = BigInt(origin.epochNs);
    const here = takeOrigin();
    // This process has another clock; records have the times of the first one, and agents go on with that one.
    const own = { epochNs, monotonicNs: here.monotonicNs - (here.epochNs - epochNs) };
    coordinator.clockShiftNs = BigInt(origin.monotonicNs) - own.monotonicNs;
    const round = new Round(coordinator, number, own, { kept, hash, seed });
    round.#isSettled = (await coordinator.endOf(number)) !== undefined;
    await round.#inbox.takeStored(coordinator.kv);
    return round;
  }

  private constructor(
    coordinator: Coordinator,
    number: number,
    origin: ClockOrigin,
    stored: { readonly kept: unknown; readonly hash: string; readonly seed: number } | undefined,
  ) {
    this.number = number;
    this.origin = origin;
    this.kept = stored?.kept;
    this.seed = stored?.seed;
    this.shards = Array.from({ length: coordinator.options.shards }, (_, shard) => new Shard(shard));
    this.run = coordinator.options.run;
    this.#coordinator = coordinator;
    this.#clock = openClock(origin);
    this.#hash = stored?.hash;
    this.#inbox = new RoundInbox({
      ...{ round: number, shards: this.shards, names: coordinator.names, ...coordinator.surroundings },
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
    const { kv, nats, store, names, options, surroundings } = this.#coordinator;
    const { log, nowMs } = surroundings;
    const coordinator = this.#coordinator;
    const files = await coordinator.ask(() => storeFiles(store, plan.load));
    const { bytes, hash, hidden } = takeApart(plan, files);
    if (hidden.length > nats.maxBytes) {
      this.#isSettled = true;
      throw new UserError(
        `Headers, URLs and extra inputs of a request have ${hidden.length} bytes, and the NATS server takes messages of at most ${nats.maxBytes}.`,
        'Raise max_payload in its configuration.',
      );
    }
    const secrets = nats.core.subscribe(names.secrets, {
      callback: (error, message) => {
        if (error === null) message.respond(hidden);
      },
    });
    this.#stops.push(() => secrets.unsubscribe());
    if (this.#hash === undefined) {
      await coordinator.ask(() => putObject(store, hash, bytes));
      const { monotonicNs, epochNs } = this.origin;
      const entry: PlanEntry = {
        ...{ round: this.number, version, hash, seed: plan.load.prompts.seed, firstSession },
        shards: options.shards,
        origin: {
          monotonicNs: `${monotonicNs + this.#coordinator.clockShiftNs}`,
          epochNs: `${epochNs}`,
        },
      };
      // Written by nobody but the coordinator, perhaps by an attempt whose answer was lost.
      await coordinator.ask(() => kv.put(keys.plan(this.number), JSON.stringify(entry)));
      this.#hash = hash;
    }
    this.#stops.push(this.#coordinator.listen((key, text) => this.#inbox.takeKey(key, text)));
    const ticks = nats.core.subscribe(names.allTicks, {
      callback: (error, message) => {
        if (error === null) this.#inbox.takeTick(message.string());
      },
    });
    this.#stops.push(() => ticks.unsubscribe());
    const early = new AbortController();
    this.#stops.push(() => early.abort());
    this.#follow(names.events, early.signal, (message) =>
      this.#inbox.takeEarlyEvent(message.subject, message.string()),
    );
    try {
      const missing = await gatherShards(
        this.shards,
        {
          ...{ ...options, host: hostname(), nowMs, log },
          hasBegun: () => this.#inbox.starts.size > 0,
          refusal: () => this.#inbox.refusal,
          superseded: this.#coordinator.superseded,
        },
        signal,
      );
      this.#isSettled = signal.aborted;
      if (!signal.aborted && missing.length > 0) this.#startWithout(missing);
    } catch (thrown) {
      this.#isSettled = !this.#coordinator.superseded.aborted;
      throw thrown;
    } finally {
      early.abort();
    }
  }

  #startWithout(missing: readonly Shard[]): void {
    // One that was ready, and gives no sign of life now, may come back.
    for (const shard of missing.filter(({ latest }) => latest === undefined)) {
      const why = shard.holder?.failure ?? 'was not there when the run started';
      shard.absence = { why, atNs: this.#clock.nowNs() };
    }
    this.#coordinator.surroundings.log(
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
    const { nats, kv, options, surroundings, names } = this.#coordinator;
    const source = new RemoteLoad(this.shards, {
      ...{ nats, kv, load, spool, onSpoolFailure, clock: this.#clock, ...surroundings, round: this.number },
      shardTimeoutSeconds: options.shardTimeoutSeconds,
      abortsOnLoss: options.abortsOnLoss,
      ...{ starts: this.#inbox.starts, joins: this.#inbox.joins, superseded: this.#coordinator.superseded },
    });
    this.#follow(names.records, this.#ending.signal, ({ subject, data }) =>
      this.#inbox.takeRecords(subject, data),
    );
    this.#follow(names.events, this.#ending.signal, (message) =>
      this.#inbox.takeEvent(message.subject, message.string()),
    );
    return source;
  }

  #follow(stream: string, signal: AbortSignal, onMessage: (message: JsMsg) => void): void {
    const onTrouble = (thrown: unknown) => {
      this.#coordinator.debug(thrown);
      if (isStreamGone(thrown)) void this.#noteStreamGone();
    };
    void followStream(this.#coordinator.nats, stream, onMessage, { onTrouble, signal });
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
    return this.#coordinator.confirm();
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
    const coordinator = this.#coordinator;
    const { nats, names, kv, options } = coordinator;
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
        files: await coordinator.storeFiles(files, limitSeconds),
      };
      await coordinator.ask(() => kv.put(keys.ended(this.number), JSON.stringify(entry)), limitSeconds);
      // A round whose files could not be written is in the same streams.
      if (coordinator.holdsRecords) return;
      await coordinator.ask(() => nats.jsm.streams.purge(names.records), limitSeconds);
      await coordinator.ask(() => nats.jsm.streams.purge(names.events), limitSeconds);
    } catch (thrown) {
      const { log } = coordinator.surroundings;
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
    const { surroundings, options } = this.#coordinator;
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

/** `/home/ada/artifacts on host-a`. @param folder absolute. */
export function placeOf(folder: string): string {
  return `${folder} on ${hostname()}`;
}
