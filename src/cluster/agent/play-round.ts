import { hostname } from 'node:os';
import { join } from 'node:path';
import { playingSources } from '../../load/parts.js';
import type { LoadPlan, PhasePlan } from '../../load/plan.js';
import { HAND_OVER_MS, type LoadSource, sumOf } from '../../load/source.js';
import { slowSpoolText, startLoadThreads } from '../../load/threads.js';
import { messageOf } from '../../util/errors.js';
import { every, Timeout } from '../../util/timeout.js';
import {
  type JoinEntry,
  type PlanEntry,
  planEntry,
  type ReadyEntry,
  readMessage,
  type Tick,
} from '../messages.js';
import { keys, namesOf } from '../names.js';
import { isStreamGone } from '../nats/connection.js';
import { insist } from '../nats/retry.js';
import { AgentEvents } from './agent-events.js';
import { ClientWatch } from './client-watch.js';
import { originOf } from './clock-offset.js';
import { fetchPlan } from './fetch-plan.js';
import type { JoinedRun } from './joined-run.js';
import { discardRound, filesFolder, type PlayedRound } from './played-round.js';
import { RecordShipper } from './ship-records.js';
import { withLongestStalls } from './stalls.js';
import { StorageWatch } from './storage-watch.js';
import type { AgentSurroundings } from './surroundings.js';
import { waitForStart } from './wait-for-start.js';
import { watchForAbort } from './watch-for-abort.js';

const TICK_EVERY_MS = 1000;
const CLOCK_EVERY_MS = 30_000;
/** The longest stalls of all threads that a report has: it must fit into a message. The time of all of them counts. */
const MAX_STALLS = 300;

/** Where an agent plays a round. */
export interface AgentRound {
  readonly joined: JoinedRun;
  /** In which each shard and round gets a folder. */
  readonly folder: string;
}

/**
 * Sends this agent's share of a round, and its records to the coordinator.
 * @param planText the value of the key of its plan.
 * @returns the folder of its records, which `discardRound` removes when the coordinator has written its files, and
 * whether all of them were handed over; undefined if it took no part in the round.
 */
export async function playRound(
  { joined, folder }: AgentRound,
  planText: string,
  surroundings: AgentSurroundings,
): Promise<PlayedRound | undefined> {
  const plan = readMessage(planEntry, planText);
  const { run, shard, lease } = joined;
  const records = join(folder, `${run}-${plan.round}-shard-${shard}-${lease.incarnation}`);
  const events = new AgentEvents(joined, plan.round, surroundings.log);
  const player = new RoundPlayer(joined, plan, surroundings, { folder: records, events });
  try {
    const played = await player.play();
    if (played !== 'absent') return { round: plan.round, folder: records, isSealed: played === 'sealed' };
    discardRound(records, surroundings);
    return undefined;
  } catch (thrown) {
    const message = `cannot go on: ${messageOf(thrown)}`;
    surroundings.log('ERROR', 'agent', `this shard ${message}`);
    await events.publish({ kind: 'failed', round: plan.round, message });
    if (player.hasBegun) return { round: plan.round, folder: records, isSealed: false };
    discardRound(records, surroundings);
    return undefined;
  }
}

class RoundPlayer {
  readonly #joined: JoinedRun;
  readonly #plan: PlanEntry;
  readonly #surroundings: AgentSurroundings;
  readonly #folder: string;
  readonly #events: AgentEvents;
  #donePhases = 0;
  readonly #watch: ClientWatch;
  /** Undefined: it has not joined a phase that had begun. */
  #join: JoinEntry | undefined;

  /** Whether it has sent, or was about to. */
  hasBegun = false;

  /** @param output where records and events go. */
  constructor(
    joined: JoinedRun,
    plan: PlanEntry,
    surroundings: AgentSurroundings,
    { folder, events }: { readonly folder: string; readonly events: AgentEvents },
  ) {
    this.#joined = joined;
    this.#plan = plan;
    this.#surroundings = surroundings;
    const share = { source: joined.shard, sources: joined.entry.shards };
    this.#watch = new ClientWatch(share, surroundings.watchWithheldCpu);
    this.#folder = folder;
    this.#events = events;
  }

  /** @returns `absent`: it took no part in the round; `sealed`: NATS has all of its records. */
  async play(): Promise<'absent' | 'sealed' | 'cut off'> {
    const { nats, run, entry, shard, lease, kv, over, noteTrouble } = this.#joined;
    const { round, hash } = this.#plan;
    const { room, makeFolder, noteJoin, readRoof, log, nowMs, ending } = this.#surroundings;
    const plan = await fetchPlan(this.#joined, this.#plan, filesFolder(this.#folder));
    if (plan === undefined) return 'absent';
    const { load, needs, kept, clock, origin } = plan;
    const { threads, connectionsPerThread } = room(needs);
    const place = { shard, incarnation: lease.incarnation, origin };
    const spool = makeFolder(this.#folder, place, kept);
    const names = namesOf(run);
    const progress = () => load.phases.map((_, phase) => this.#progressOf(source, phase));
    const transportOptions = { ...load.transportOptions, maxConnections: connectionsPerThread };
    const source = startLoadThreads(
      { ...load, transportOptions },
      {
        ...{ threads, firstSession: this.#plan.firstSession, spool, origin },
        share: { source: shard, sources: entry.shards },
        onSpoolFailure: (message) =>
          void this.#events.warn(
            `its records cannot be spooled to ${this.#folder} (${message}): they wait in memory`,
          ),
        onSlowSpool: (bytes) => void this.#events.warn(slowSpoolText(this.#folder, bytes)),
      },
    );
    const storage = new StorageWatch(nowMs, log);
    const giveUp = new AbortController();
    const end = () => giveUp.abort();
    const shipper = new RecordShipper({
      ...{ round, spool, feeds: source.feeds, maxBytes: nats.maxBytes, signal: giveUp.signal },
      publish: async (message, id) => {
        await nats.js.publish(names.recordsOf(shard, lease.incarnation), message, {
          msgID: `${shard}/${lease.incarnation}/${id}`,
        });
        storage.noteStored();
      },
      onItem: (item) => this.#watch.take(item),
      sent: () => progress().map(({ sessions, issued }) => ({ sessions, requests: issued })),
      onRetry: (why) => {
        log('DEBUG', 'agent', `records wait on disk: ${why}`);
        storage.noteFailure(why, nats.isConnected);
        void this.#whenLost(names.records, end);
      },
    });
    const stops: (() => void)[] = [];
    over.addEventListener('abort', end, { once: true });
    try {
      await source.ready;
      const ready: ReadyEntry = {
        ...{ incarnation: lease.incarnation, hash, host: hostname(), threads, clock },
        roof: readRoof(),
      };
      const readyKey = keys.ready(round, shard, lease.incarnation);
      await insist(() => kv.put(readyKey, JSON.stringify(ready)), over, noteTrouble);
      const tick = () => {
        const state: Tick = {
          ...{ shard, round, incarnation: lease.incarnation, phases: progress() },
          ...{ unsentBytes: shipper.unsentBytes, client: this.#watch.figures },
          ...(storage.trouble === undefined ? {} : { storageTrouble: storage.trouble }),
        };
        nats.core.publish(names.tickOf(shard), JSON.stringify(state));
      };
      stops.push(every(TICK_EVERY_MS, tick));
      stops.push(every(CLOCK_EVERY_MS, () => void this.#events.reportClock(originOf(this.#plan))));
      stops.push(
        watchForAbort(this.#joined, round, ending, (why) => {
          source.interrupt(why);
          const timeout = new Timeout(() => void source.terminate(), HAND_OVER_MS);
          stops.push(() => timeout.clear());
        }),
      );
      // The coordinator takes records of an incarnation only when it takes part.
      let shipped: ReturnType<RecordShipper['run']> | undefined;
      await this.#playPhases(source, load, (phase, join) => {
        shipped ??= shipper.run();
        this.hasBegun = true;
        if (join === undefined) return;
        const { name } = phase;
        const numbersBelow = join.counted * playingSources(phase, entry.shards);
        noteJoin(this.#folder, place, kept, { phase: name, atNs: join.atNs, numbersBelow });
        log('NOTICE', 'agent', `shard ${shard} joins the ${name} phase, which has begun`);
      });
      source.finish();
      // Also where NATS takes no more of them, all records are to be on the disk.
      await source.finished;
      if (shipped === undefined) return 'absent';
      const sent = await shipped;
      await this.#events.reportClock(originOf(this.#plan));
      const cut = this.#cutReason;
      await shipper.seal({
        ...{ ...sent, phases: progress(), donePhases: this.#donePhases },
        ...(cut === undefined ? {} : { cut }),
      });
      if (giveUp.signal.aborted) return 'cut off';
      log('NOTICE', 'agent', `all ${sent.records} records were handed over`);
      return 'sealed';
    } finally {
      for (const stop of stops) stop();
      over.removeEventListener('abort', end);
      shipper.close();
      await source.terminate();
    }
  }

  /** Why this incarnation sends less than its part, completing "shard 2 …"; undefined: it does not. */
  get #cutReason(): string | undefined {
    if (this.#joined.lease.lost.aborted) return 'was replaced by another agent';
    const { ending } = this.#surroundings;
    return ending.aborted ? endedBy(ending.reason) : undefined;
  }

  /**
   * Plays the phases as they are started; an end of the round or of the agent leaves out the rest.
   * @param onStart called with each phase that it takes part in, and where it joins it; undefined: at its start.
   */
  async #playPhases(
    source: LoadSource,
    { phases }: LoadPlan,
    onStart: (phase: PhasePlan, join: JoinEntry | undefined) => void,
  ): Promise<void> {
    const { round } = this.#plan;
    for (const [index, phase] of phases.entries()) {
      const start = await waitForStart(this.#joined, { round, phase: index }, this.#surroundings.log);
      if (start === undefined) return;
      const { startNs, firstSession, join } = start;
      if (join !== undefined && join.phase !== index) continue;
      this.#join ??= join;
      onStart(phase, join);
      this.#watch.begin(index, phase.name);
      const reports = await source.runPhase(index, startNs, firstSession, join);
      await this.#events.publish({
        kind: 'phase-done',
        ...{ round, phase: index, progress: this.#progressOf(source, index) },
        nextSession: source.nextSession(index, firstSession),
        reports: withLongestStalls(reports, MAX_STALLS),
        withheld: this.#watch.withheld,
      });
      this.#donePhases++;
    }
  }

  /** Of this incarnation: sessions and requests before it joined are not its own. */
  #progressOf(source: LoadSource, phase: number): Tick['phases'][number] {
    const join = this.#join;
    const progress = progressOf(source, phase);
    if (join?.phase !== phase) return progress;
    return {
      ...progress,
      sessions: Math.max(0, progress.sessions - join.sessions),
      issued: Math.max(0, progress.issued - join.requests),
    };
  }

  /** Calls `act` if NATS has lost the stream of records: nobody will ever take them. */
  async #whenLost(stream: string, act: () => void): Promise<void> {
    const { nats, leave } = this.#joined;
    try {
      await nats.jsm.streams.info(stream);
    } catch (thrown) {
      if (!isStreamGone(thrown)) return;
      act();
      leave();
    }
  }
}

/** @param signal that the agent received. */
function endedBy(signal: NodeJS.Signals): string {
  return signal === 'SIGINT' ? 'was ended by its user (SIGINT)' : `was ended from outside (${signal})`;
}

/** As plain data: counters of this process are memory that its threads share. */
function progressOf(source: LoadSource, phase: number): Tick['phases'][number] {
  return sumOf([source.progressOf(phase)]);
}
