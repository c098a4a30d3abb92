import type { KnownPart } from '../../load/join.js';
import { type PhaseProgress, sumOf } from '../../load/source.js';
import type { PhaseName } from '../../records/record.js';
import type { JoinEntry, ReadyEntry, Tick } from '../messages.js';
import { type PhaseDone, ShardClient } from './shard-client.js';
import type { ShardReceiver } from './shard-receiver.js';

/** Nothing has happened yet in a phase. */
const noProgress = sumOf([]);

/** A shard that sends no more, though its part is not done. */
export interface Loss {
  /** Completes "shard 2 …". */
  readonly why: string;
  /** Since the origin of the round. */
  readonly atNs: number;
}

/** A process that holds a shard, and is ready to send its part of a round. */
export class Incarnation {
  readonly ready: ReadyEntry;
  /** Where it has joined a phase that had begun; undefined: nowhere. */
  join: JoinEntry | undefined = undefined;
  /** Undefined: it takes no part, or not yet. */
  receiver: ShardReceiver | undefined = undefined;
  loss: Loss | undefined = undefined;
  /** Monotonic ms of its last sign of life. */
  signMs: number;
  unsentBytes = 0;
  /** Why it gave up; undefined: it did not. */
  failure: string | undefined = undefined;
  /** Of the first session after the last phase that it has done. */
  nextSession = 0;
  /** Offsets and errors of the clock, ns, in the order of their measurement. */
  readonly clocks: ReadyEntry['clock'][];
  readonly client = new ShardClient();
  readonly #progress: PhaseProgress[] = [];
  /** Names of the phases, once only records count. */
  #settled: readonly PhaseName[] | undefined = undefined;

  constructor(ready: ReadyEntry, nowMs: number) {
    this.ready = ready;
    this.clocks = [ready.clock];
    this.signMs = nowMs;
  }

  get number(): number {
    return this.ready.incarnation;
  }

  noteTick({ phases, unsentBytes, client }: Tick, nowMs: number): void {
    this.signMs = nowMs;
    this.client.noteTick(client, nowMs);
    this.unsentBytes = unsentBytes;
    for (const [phase, progress] of phases.entries()) this.#progress[phase] = progress;
  }

  noteDone(event: PhaseDone): void {
    this.#progress[event.phase] = event.progress;
    this.nextSession = event.nextSession;
    this.client.noteDone(event);
  }

  isDone(phase: number): boolean {
    return this.client.isDone(phase);
  }

  /** The greatest change of the wall clock's offset, as long as the coordinator was the same process. */
  get clockDriftNs(): number {
    const [first] = this.clocks;
    const changes = this.clocks
      .filter(({ clock }) => clock === first?.clock)
      .map(({ wallNs }) => wallNs - (first?.wallNs ?? 0));
    return changes.reduce((most, change) => (Math.abs(change) > Math.abs(most) ? change : most), 0);
  }

  progressOf(phase: number): PhaseProgress {
    const known = this.#progress[phase] ?? noProgress;
    const name = this.#settled?.[phase];
    if (name === undefined) return known;
    const received = this.receiver?.received[name] ?? 0;
    return { ...known, issued: received, returned: received };
  }

  /** What it, and those before it, are known to have started and sent of the shard's part of a phase. */
  knownOf(phase: number): KnownPart {
    const { sessions, issued } = this.#progress[phase] ?? noProgress;
    const sent = this.receiver?.sent[phase];
    const before = this.join?.phase === phase ? this.join : { sessions: 0, requests: 0 };
    return {
      sessions: before.sessions + Math.max(sessions, sent?.sessions ?? 0),
      requests: before.requests + Math.max(issued, sent?.requests ?? 0),
    };
  }

  /** Requests that it had sent by its last report. */
  get lastIssued(): number {
    return this.#progress.reduce((sum, { issued }) => sum + issued, 0);
  }

  /** From now on counts only what has a record: of the requests that it sent besides, nothing is known. */
  settle(phases: readonly PhaseName[]): void {
    this.#settled = phases;
  }

  get isOver(): boolean {
    return this.loss !== undefined || this.#isSealed;
  }

  /** Its reports come in another stream than the seal. */
  get #isSealed(): boolean {
    const seal = this.receiver?.seal;
    return seal !== undefined && this.client.donePhases >= seal.donePhases;
  }
}
