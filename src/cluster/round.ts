import { hostname } from 'node:os';
import type { LoadPlan } from '../load/plan.js';
import type { LoadSource } from '../load/source.js';
import type { ShardsSection } from '../run/shards.js';
import { type Clock, type ClockOrigin, openClock, takeOrigin } from '../util/clock.js';
import { counted } from '../util/counted.js';
import { UserError } from '../util/errors.js';
import { andList } from '../util/lists.js';
import { sleep } from '../util/timeout.js';
import { version } from '../util/version.js';
import { isStreamGone } from './connection.js';
import type { Coordinator, StoredFile } from './coordinator.js';
import { followStream } from './follow.js';
import { type MergeFacts, reportMerge } from './merge-report.js';
import {
  type EndedEntry,
  event,
  lease,
  type PlanEntry,
  planEntry,
  readMessage,
  readyEntry,
  type StartEntry,
  tick,
} from './messages.js';
import { keys } from './names.js';
import { objectOf, putObject } from './objects.js';
import { storeFiles } from './plan-files.js';
import { RemoteLoad, readStart } from './remote-load.js';
import { type RoundPlan, readKept, takeApart } from './round-plan.js';
import { Shard } from './shard.js';

const CHECK_EVERY_MS = 50;

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
  readonly #starts = new Map<number, StartEntry>();
  readonly #stops: (() => void)[] = [];
  #hash: string | undefined;
  /** Whether its results are written, or it was given up before the start. */
  #isSettled = false;

  /** Begins a round, or goes on with the one of a coordinator that is gone. */
  static async open(coordinator: Coordinator, number: number): Promise<Round> {
    const found = await coordinator.kv.get(keys.plan(number));
    if (found === null) return new Round(coordinator, number, takeOrigin(), undefined);
    const { hash, origin, seed } = readMessage(planEntry, 'the plan of a round', found.string());
    const { kept } = readKept(await objectOf(coordinator.store, hash));
    const epochNs = BigInt(origin.epochNs);
    const here = takeOrigin();
    // This process has another clock; records have the times of the first one, and agents go on with that one.
    const own = { epochNs, monotonicNs: here.monotonicNs - (here.epochNs - epochNs) };
    coordinator.clockShiftNs = BigInt(origin.monotonicNs) - own.monotonicNs;
    const round = new Round(coordinator, number, own, { kept, hash, seed });
    round.#isSettled = (await coordinator.endOf(number)) !== undefined;
    for (let phase = 0; ; phase++) {
      const start = await coordinator.kv.get(keys.start(number, phase));
      if (start === null) return round;
      round.#starts.set(phase, readStart(start.string()));
    }
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
  }

  /** Whether a coordinator that is gone has started a phase: agents need no more of one for it. */
  hasStarted(phase: number): boolean {
    return this.#starts.has(phase);
  }

  /**
   * Hands the plan to the agents, and waits until all shards are ready to send, or enough of them after the time to join.
   * @throws UserError if too few are.
   */
  async gather(plan: RoundPlan, firstSession: number, signal: AbortSignal): Promise<void> {
    const { kv, nats, store, names, options, surroundings } = this.#coordinator;
    const { log, nowMs } = surroundings;
    const { bytes, hash, hidden } = takeApart(plan, await storeFiles(store, plan.load));
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
      await putObject(store, hash, bytes);
      const { monotonicNs, epochNs } = this.origin;
      const entry: PlanEntry = {
        ...{ round: this.number, version, hash, seed: plan.load.prompts.seed, firstSession },
        shards: options.shards,
        origin: {
          monotonicNs: `${monotonicNs + this.#coordinator.clockShiftNs}`,
          epochNs: `${epochNs}`,
        },
      };
      await kv.create(keys.plan(this.number), JSON.stringify(entry));
      this.#hash = hash;
    }
    this.#stops.push(this.#coordinator.listen((key, text) => this.#takeKey(key, text)));
    const ticks = nats.core.subscribe(names.allTicks, {
      callback: (error, message) => {
        if (error === null) this.#takeTick(message.string());
      },
    });
    this.#stops.push(() => ticks.unsubscribe());
    const untilMs = nowMs() + options.joinTimeoutSeconds * 1000;
    let told = -1;
    const { superseded } = this.#coordinator;
    for (;;) {
      superseded.throwIfAborted();
      const ready = this.shards.filter((shard) => shard.ready !== undefined).length;
      const failed = this.shards.find(({ failure }) => failure !== undefined);
      this.#isSettled = signal.aborted;
      if (ready === options.shards || signal.aborted) return;
      if (ready !== told) log('NOTICE', 'cluster', waitingText(ready, options.shards, options.run));
      told = ready;
      if (failed !== undefined) {
        this.#isSettled = true;
        throw new UserError(`Shard ${failed.number} ${failed.failure}.`);
      }
      if (nowMs() >= untilMs) break;
      await sleep(CHECK_EVERY_MS, signal);
    }
    this.#requireEnough();
  }

  /** Starts without the shards that are not ready. @throws UserError if too few are. */
  #requireEnough(): void {
    const { options, surroundings } = this.#coordinator;
    const missing = this.shards.filter(({ ready }) => ready === undefined);
    const ready = options.shards - missing.length;
    if (ready < options.minShards) {
      this.#isSettled = true;
      throw new UserError(
        `${ready} of ${options.shards} shards were ready within ${options.joinTimeoutSeconds} s.`,
        `Start an agent on each machine (aiperf agent --nats …), or allow fewer with --min-shards ${Math.max(1, ready)}.`,
      );
    }
    for (const shard of missing)
      shard.loss = { why: 'was not there when the run started', atNs: this.#clock.nowNs() };
    surroundings.log(
      'WARNING',
      'cluster',
      `the run starts without shard ${andList(missing.map(({ number }) => String(number)))}: its part of the load is not sent`,
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
      ...{ starts: this.#starts, superseded: this.#coordinator.superseded },
    });
    const follow = {
      onTrouble: (thrown: unknown) => {
        this.#coordinator.debug(thrown);
        if (isStreamGone(thrown)) void this.#noteStreamGone();
      },
      signal: this.#ending.signal,
    };
    void followStream(
      nats,
      names.records,
      ({ subject, data }) => this.#shardOf(subject)?.receiver?.take(data),
      follow,
    );
    void followStream(
      nats,
      names.events,
      (message) => this.#takeEvent(message.subject, message.string()),
      follow,
    );
    return source;
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
    const { nats, names, kv } = this.#coordinator;
    const stored = await this.#coordinator.storeFiles(files);
    this.#isSettled = true;
    const entry: EndedEntry = {
      ...(failure === undefined ? {} : { failure }),
      isSound,
      place: placeOf(folder),
      files: stored,
    };
    await kv.put(keys.ended(this.number), JSON.stringify(entry));
    // A round whose files could not be written is in the same streams.
    if (this.#coordinator.holdsRecords) return;
    await nats.jsm.streams.purge(names.records);
    await nats.jsm.streams.purge(names.events);
  }

  /** Listens no more. */
  close(): void {
    this.#ending.abort();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #takeKey(key: string, text: string): void {
    const { nowMs, log } = this.#coordinator.surroundings;
    const [kind, ...numbers] = key.split('.');
    const [first = -1, second = -1] = numbers.map(Number);
    if (kind === 'shard') {
      this.shards[first]?.noteHolder(readMessage(lease, 'the holder of a shard', text), nowMs());
    } else if (kind === 'ready' && first === this.number) {
      const shard = this.shards[second];
      const entry = readMessage(readyEntry, 'a shard that is ready', text);
      if (shard === undefined || shard.ready !== undefined) return;
      if (entry.hash !== this.#hash) {
        shard.failure = `has another plan (${entry.hash.slice(0, 12)} instead of ${this.#hash?.slice(0, 12)})`;
        return;
      }
      shard.ready = entry;
      shard.clocks.push(entry.clock);
      shard.signMs = nowMs();
      log(
        'INFO',
        'cluster',
        `shard ${second} is ready on ${entry.host}: ${counted(entry.threads, 'load thread')}, clock error at most ${(entry.clock.errorNs / 1e3).toFixed(0)} µs`,
      );
    } else if (kind === 'start' && first === this.number) {
      this.#starts.set(second, readStart(text));
    }
  }

  #takeTick(text: string): void {
    // A tick of another round, or from nowhere, changes nothing.
    const read = readMessage(tick, 'a tick', text);
    if (read.round === this.number)
      this.shards[read.shard]?.noteTick(read, this.#coordinator.surroundings.nowMs());
  }

  #takeEvent(subject: string, text: string): void {
    const shard = this.#shardOf(subject);
    const read = readMessage(event, 'an event of a shard', text);
    if (shard === undefined || read.round !== this.number) return;
    const { log } = this.#coordinator.surroundings;
    if (read.kind === 'phase-done') shard.noteDone(read);
    else if (read.kind === 'clock') shard.clocks.push(read.clock);
    else if (read.kind === 'failed') shard.failure = read.message;
    else log(read.level, 'cluster', `shard ${shard.number}: ${read.message}`);
  }

  /** NATS has lost the records that this process has not read. */
  async #noteStreamGone(): Promise<void> {
    try {
      await this.confirm();
    } catch {
      // Another coordinator has finished the run.
      return;
    }
    const { surroundings, options } = this.#coordinator;
    const lost = this.shards.filter(({ failure, isOver }) => failure === undefined && !isOver);
    for (const shard of lost) shard.failure = 'was lost with the disk of NATS (its agent keeps its records)';
    if (lost.length > 0)
      surroundings.log(
        'ERROR',
        'cluster',
        `NATS has lost run ${options.run}. Each agent logs the folder of its records: copy those of all shards to one machine, and run: aiperf merge FOLDER… --artifact-dir DIR`,
      );
  }

  /** The shard of a subject, if its incarnation takes part in the round. */
  #shardOf(subject: string): Shard | undefined {
    const [number, incarnation] = subject.split('.').slice(-2).map(Number);
    const shard = this.shards[number ?? -1];
    return shard?.ready?.incarnation === incarnation ? shard : undefined;
  }
}

/** `/home/ada/artifacts on host-a`. @param folder absolute. */
export function placeOf(folder: string): string {
  return `${folder} on ${hostname()}`;
}

function waitingText(ready: number, shards: number, run: string): string {
  return `${ready} of ${shards} shards are ready; start agents with: aiperf agent --nats … (run ${run}, coordinator on ${hostname()})`;
}
