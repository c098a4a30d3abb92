import { type LiveShard, type PhaseProgress, sumOf } from '../load/source.js';
import type { LeaseEntry, ReadyEntry, Tick } from './messages.js';
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

/** What the coordinator knows of a shard in a round. */
export class Shard {
  readonly number: number;
  /** Every process that has held it, in order. */
  readonly incarnations: LeaseEntry[] = [];
  /** Undefined: it has not been ready in this round. */
  ready: ReadyEntry | undefined = undefined;
  receiver: ShardReceiver | undefined = undefined;
  loss: Loss | undefined = undefined;
  /** Monotonic ms of the last sign of life of the process that takes part in the round. */
  signMs = 0;
  unsentBytes = 0;
  /** It has given no sign of life for long, but may come back. */
  isSilent = false;
  /** Why it gave up; undefined: it did not. */
  failure: string | undefined = undefined;
  /** Why it was to end early, completing "shard 2 …"; undefined: it was not. */
  stopped: string | undefined = undefined;
  /** Of the first session after the last phase that it has done. */
  nextSession = 0;
  /** Offsets and errors of the clock, ns, in the order of their measurement. */
  readonly clocks: ReadyEntry['clock'][] = [];
  readonly client = new ShardClient();
  readonly #progress: PhaseProgress[] = [];
  #lastIssued: number | undefined = undefined;

  constructor(number: number) {
    this.number = number;
  }

  /** A process holds it. */
  noteHolder(entry: LeaseEntry, nowMs: number): void {
    const last = this.incarnations.at(-1);
    if (last === undefined || entry.incarnation > last.incarnation) this.incarnations.push(entry);
    if (this.ready === undefined || entry.incarnation === this.ready.incarnation) this.signMs = nowMs;
  }

  noteTick({ incarnation, phases, unsentBytes, client }: Tick, nowMs: number): void {
    if (this.ready === undefined || incarnation !== this.ready.incarnation) return;
    this.signMs = nowMs;
    this.unsentBytes = unsentBytes;
    this.client.noteTick(client, nowMs);
    for (const [phase, progress] of phases.entries()) this.#progress[phase] = progress;
  }

  noteDone(event: PhaseDone): void {
    this.#progress[event.phase] = event.progress;
    this.nextSession = event.nextSession;
    this.client.noteDone(event);
  }

  progressOf(phase: number): PhaseProgress {
    return this.#progress[phase] ?? noProgress;
  }

  /** Requests that it had sent by its last report; undefined: it has reported none. */
  get lastIssued(): number | undefined {
    return this.#lastIssued;
  }

  /** Counts only what has a record: of the requests that it sent besides, nothing is known. */
  settleLoss(phases: readonly ('warmup' | 'profiling')[]): void {
    const received = this.receiver?.received ?? { warmup: 0, profiling: 0 };
    this.#lastIssued = this.#progress.reduce((sum, { issued }) => sum + issued, 0);
    for (const [phase, name] of phases.entries()) {
      const known = this.progressOf(phase);
      this.#progress[phase] = { ...known, issued: received[name], returned: received[name] };
    }
  }

  /** The greatest change of the wall clock's offset, as long as the coordinator was the same process; undefined without any. */
  get clockDriftNs(): number | undefined {
    const [first] = this.clocks;
    if (first === undefined) return undefined;
    const changes = this.clocks
      .filter(({ clock }) => clock === first.clock)
      .map(({ wallNs }) => wallNs - first.wallNs);
    return changes.reduce((most, change) => (Math.abs(change) > Math.abs(most) ? change : most), 0);
  }

  /** Its state in a phase, for live views. @param planned requests due from it. */
  live(phase: number, name: 'warmup' | 'profiling', planned: number | undefined): LiveShard {
    const { issued, returned } = this.progressOf(phase);
    const isDone = this.isOver || this.client.isDone(phase);
    return {
      ...{ shard: this.number, host: this.ready?.host, planned, issued, returned },
      latenessMs: this.client.latenessMs(phase),
      ...{ received: this.receiver?.received[name] ?? 0, unsentBytes: this.unsentBytes },
      state: this.loss !== undefined ? 'lost' : isDone ? 'done' : this.isSilent ? 'silent' : 'running',
      clockErrorNs: this.clocks.at(-1)?.errorNs,
      clockDriftNs: this.clockDriftNs,
    };
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
