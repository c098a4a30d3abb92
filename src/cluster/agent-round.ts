import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LoadPlan } from '../load/plan.js';
import { type LoadSource, sumOf } from '../load/source.js';
import { startLoadThreads } from '../load/threads.js';
import { messageOf } from '../util/errors.js';
import { every, sleep, Timeout } from '../util/timeout.js';
import { version } from '../util/version.js';
import type { AgentSurroundings, JoinedRun } from './agent.js';
import { ClientWatch } from './client-watch.js';
import { measureClock, originHere, originOf } from './clock-offset.js';
import { isStreamGone, openStore } from './connection.js';
import {
  abortEntry,
  type PlanEntry,
  planEntry,
  type ReadyEntry,
  readMessage,
  type ShardEvent,
  type Tick,
} from './messages.js';
import { keys, namesOf } from './names.js';
import { objectOf } from './objects.js';
import { fetchFiles } from './plan-files.js';
import { readStart } from './remote-load.js';
import { putTogether } from './round-plan.js';
import { RecordShipper } from './ship-records.js';
import { withLongestStalls } from './stalls.js';

const RETRY_EVERY_MS = 250;
const REQUEST_TIMEOUT_MS = 5000;
const TICK_EVERY_MS = 1000;
const CLOCK_EVERY_MS = 30_000;
/** The longest stalls of all threads that a report has: it must fit into a message. The time of all of them counts. */
const MAX_STALLS = 300;
/** Time that load threads get to hand over their records after an interrupt. */
const HAND_OVER_MS = 1200;

/** Where an agent plays a round. */
export interface AgentRound {
  readonly joined: JoinedRun;
  /** In which each shard and round gets a folder. */
  readonly folder: string;
}

/**
 * Sends this agent's share of a round, and its records to the coordinator.
 * @param planText the value of the key of its plan.
 * @returns the folder of its records, which `discardRound` removes when the coordinator has written its files.
 */
export async function playRound(
  { joined, folder }: AgentRound,
  planText: string,
  surroundings: AgentSurroundings,
): Promise<string> {
  const plan = readMessage(planEntry, 'the plan of a round', planText);
  const player = new RoundPlayer(joined, plan, surroundings);
  const records = join(folder, `${joined.run}-${plan.round}-shard-${joined.shard}`);
  try {
    await player.play(records);
  } catch (thrown) {
    const message = `cannot go on: ${messageOf(thrown)}`;
    surroundings.log('ERROR', 'agent', `this shard ${message}`);
    await player.publishEvent({ kind: 'failed', round: plan.round, message });
  }
  return records;
}

/** Removes what a round has left on this machine. @param folder as `playRound` returned it. */
export function discardRound(
  folder: string,
  { removeFolder }: Pick<AgentSurroundings, 'removeFolder'>,
): void {
  removeFolder(folder);
  rmSync(filesFolder(folder), { recursive: true, force: true });
}

function filesFolder(records: string): string {
  return `${records}-files`;
}

class RoundPlayer {
  readonly #joined: JoinedRun;
  readonly #plan: PlanEntry;
  readonly #surroundings: AgentSurroundings;
  #events = 0;
  #donePhases = 0;
  readonly #watch: ClientWatch;

  constructor(joined: JoinedRun, plan: PlanEntry, surroundings: AgentSurroundings) {
    this.#joined = joined;
    this.#plan = plan;
    this.#surroundings = surroundings;
    const share = { source: joined.shard, sources: joined.entry.shards };
    this.#watch = new ClientWatch(share, surroundings.watchWithheldCpu);
  }

  async play(folder: string): Promise<void> {
    const { nats, run, entry, shard, lease, kv, over } = this.#joined;
    const { round, hash, firstSession } = this.#plan;
    const { room, makeFolder, readRoof, log, ending } = this.#surroundings;
    if (this.#plan.version !== version)
      throw new Error(`the plan is of aiperf ${this.#plan.version}, and this is aiperf ${version}`);
    const names = namesOf(run);
    const store = await openStore(nats, names.data);
    const bytes = await objectOf(store, hash);
    const hidden = await this.#insist(
      async () => (await nats.core.request(names.secrets, '', { timeout: REQUEST_TIMEOUT_MS })).data,
    );
    if (hidden === undefined) return;
    const { load: planned, files, needs, kept } = putTogether(bytes, hidden);
    const clock = await this.#insist(() => measureClock(nats, names.clock, originOf(this.#plan)));
    if (clock === undefined) return;
    const { threads, connectionsPerThread } = room(needs);
    const origin = originHere(this.#plan, clock);
    const spool = makeFolder(folder, { shard, origin }, kept);
    const load = await fetchFiles(store, planned, files, filesFolder(folder));
    const transportOptions = { ...load.transportOptions, maxConnections: connectionsPerThread };
    const source = startLoadThreads(
      { ...load, transportOptions },
      {
        ...{ threads, firstSession, spool, origin },
        share: { source: shard, sources: entry.shards },
        onSpoolFailure: (message) =>
          void this.#warn(`its records cannot be spooled (${message}): they wait in memory`),
      },
    );
    const giveUp = new AbortController();
    const end = () => giveUp.abort();
    const shipper = new RecordShipper({
      ...{ round, spool, feeds: source.feeds, maxBytes: nats.maxBytes, signal: giveUp.signal },
      publish: async (message, id) => {
        await nats.js.publish(names.recordsOf(shard, lease.incarnation), message, {
          msgID: `${shard}/${lease.incarnation}/${id}`,
          timeout: REQUEST_TIMEOUT_MS,
        });
      },
      onItem: (item) => this.#watch.take(item),
      onRetry: (why) => {
        log('DEBUG', 'agent', `records wait on disk: ${why}`);
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
      await kv.put(keys.ready(round, shard), JSON.stringify(ready));
      const progress = () => load.phases.map((_, phase) => progressOf(source, phase));
      const tick = () => {
        const state: Tick = {
          ...{ shard, round, incarnation: lease.incarnation, phases: progress() },
          ...{ unsentBytes: shipper.unsentBytes, client: this.#watch.figures },
        };
        nats.core.publish(names.tickOf(shard), JSON.stringify(state));
      };
      stops.push(every(TICK_EVERY_MS, tick));
      stops.push(every(CLOCK_EVERY_MS, () => void this.#reportClock()));
      stops.push(this.#watchForAbort(source, ending));
      const shipped = shipper.run();
      await this.#playPhases(source, load.phases);
      source.finish();
      const sent = await shipped;
      await this.#reportClock();
      const cut = this.#surroundings.ending.aborted ? 'was ended by its user' : undefined;
      await shipper.seal({
        ...{ ...sent, phases: progress(), donePhases: this.#donePhases },
        ...(cut === undefined ? {} : { cut }),
      });
      if (!giveUp.signal.aborted) log('NOTICE', 'agent', `all ${sent.records} records were handed over`);
    } finally {
      for (const stop of stops) stop();
      over.removeEventListener('abort', end);
      shipper.close();
      await source.terminate();
    }
  }

  /** Plays the phases as they are started; an end of the round or of the agent leaves out the rest. */
  async #playPhases(source: LoadSource, phases: LoadPlan['phases']): Promise<void> {
    const { round, firstSession } = this.#plan;
    let next = firstSession;
    for (const [phase, { name }] of phases.entries()) {
      const text = await this.#startOf(phase);
      if (text === undefined) return;
      const start = readStart(text);
      this.#watch.begin(phase, name);
      const reports = await source.runPhase(phase, start.startNs, start.firstSession);
      next = source.nextSession(phase, start.firstSession);
      const progress = progressOf(source, phase);
      await this.publishEvent({
        kind: 'phase-done',
        round,
        phase,
        progress,
        nextSession: next,
        reports: withLongestStalls(reports, MAX_STALLS),
        withheld: this.#watch.withheld,
      });
      this.#donePhases++;
    }
  }

  async #startOf(phase: number): Promise<string | undefined> {
    const { values, over } = this.#joined;
    const { round } = this.#plan;
    const { ending } = this.#surroundings;
    for (;;) {
      if (values.has(keys.abort(round)) || over.aborted || ending.aborted) return undefined;
      const text = values.get(keys.start(round, phase));
      if (text !== undefined) return text;
      await sleep(20, over);
    }
  }

  /** Ends the load when the coordinator says so, when the user ends the agent, or when another one has taken the shard. */
  #watchForAbort(source: LoadSource, ending: AbortSignal): () => void {
    const { values, lease } = this.#joined;
    let timeout: Timeout | undefined;
    const stop = every(20, () => {
      const abort = values.get(keys.abort(this.#plan.round));
      const why =
        abort !== undefined
          ? readMessage(abortEntry, 'the end of a round', abort).why
          : ending.aborted
            ? 'its agent was ended while it was in flight'
            : lease.lost.aborted
              ? 'another agent has taken its shard'
              : undefined;
      if (why === undefined) return;
      stop();
      source.interrupt(why);
      timeout = new Timeout(() => void source.terminate(), HAND_OVER_MS);
    });
    return () => {
      stop();
      timeout?.clear();
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

  async #reportClock(): Promise<void> {
    const { nats, run } = this.#joined;
    try {
      const clock = await measureClock(nats, namesOf(run).clock, originOf(this.#plan));
      await this.publishEvent({ kind: 'clock', round: this.#plan.round, clock });
    } catch {
      // Nobody answers: the coordinator is gone, or the connection is.
    }
  }

  async #warn(message: string): Promise<void> {
    this.#surroundings.log('WARNING', 'agent', message);
    await this.publishEvent({ kind: 'log', round: this.#plan.round, level: 'WARNING', message });
  }

  /** Stores an event; tried again until the run is over. */
  async publishEvent(event: ShardEvent): Promise<void> {
    const { nats, run, shard, lease } = this.#joined;
    const id = `${shard}/${lease.incarnation}/${event.round}/${this.#events++}`;
    await this.#insist(() =>
      nats.js.publish(namesOf(run).eventsOf(shard, lease.incarnation), JSON.stringify(event), {
        msgID: id,
        timeout: REQUEST_TIMEOUT_MS,
      }),
    );
  }

  /** Tries until it succeeds; undefined: the run is over. */
  async #insist<Value>(act: () => Promise<Value>): Promise<Value | undefined> {
    const { over } = this.#joined;
    while (!over.aborted) {
      try {
        return await act();
      } catch (thrown) {
        this.#surroundings.log('DEBUG', 'agent', messageOf(thrown));
        await sleep(RETRY_EVERY_MS, over);
      }
    }
    return undefined;
  }
}

/** As plain data: counters of this process are memory that its threads share. */
function progressOf(source: LoadSource, phase: number): Tick['phases'][number] {
  return sumOf([source.progressOf(phase)]);
}
