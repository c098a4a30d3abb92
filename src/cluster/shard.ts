import { type ClientReport, type LiveShard, type PhaseProgress, sumOf } from '../load/source.js';
import type { LeaseEntry, ReadyEntry, ShardEvent, Tick } from './messages.js';
import type { ShardReceiver } from './shard-receiver.js';

/** Nothing has happened yet in a phase. */
const noProgress = sumOf([]);

type PhaseDone = Extract<ShardEvent, { kind: 'phase-done' }>;

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
  readonly #progress: PhaseProgress[] = [];
  #lastIssued: number | undefined = undefined;
  /** By phase. */
  readonly #done: (PhaseDone | undefined)[] = [];

  constructor(number: number) {
    this.number = number;
  }

  /** A process holds it. */
  noteHolder(entry: LeaseEntry, nowMs: number): void {
    const last = this.incarnations.at(-1);
    if (last === undefined || entry.incarnation > last.incarnation) this.incarnations.push(entry);
    if (this.ready === undefined || entry.incarnation === this.ready.incarnation) this.signMs = nowMs;
  }

  noteTick({ incarnation, phases, unsentBytes }: Tick, nowMs: number): void {
    if (this.ready === undefined || incarnation !== this.ready.incarnation) return;
    this.signMs = nowMs;
    this.unsentBytes = unsentBytes;
    for (const [phase, progress] of phases.entries()) this.#progress[phase] = progress;
  }

  noteDone(event: PhaseDone): void {
    this.#progress[event.phase] = event.progress;
    this.nextSession = event.nextSession;
    this.#done[event.phase] = event;
  }

  isDone(phase: number): boolean {
    return this.#done[phase] !== undefined;
  }

  /** What it has observed of its machine in a phase; undefined while that is not known. */
  clientOf(phase: number): Omit<ClientReport, 'share'> | undefined {
    const done = this.#done[phase];
    if (done === undefined) return undefined;
    const { throttled, stolenNs } = done.withheld;
    return {
      threads: done.reports.map((report) => ({ ...report, waitShare: report.waitShare })),
      movedNs: done.progress.movedNs,
      throttled: throttled && { ...throttled, cpus: throttled.cpus },
      ...{ stolenNs, roof: this.ready?.roof },
    };
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

  /** Its state in a phase, for live views. */
  live(phase: number, name: 'warmup' | 'profiling'): LiveShard {
    const { issued, returned } = this.progressOf(phase);
    const isDone = this.isOver || this.isDone(phase);
    return {
      ...{ shard: this.number, host: this.ready?.host, issued, returned },
      ...{ received: this.receiver?.received[name] ?? 0, unsentBytes: this.unsentBytes },
      state: this.loss !== undefined ? 'lost' : isDone ? 'done' : this.isSilent ? 'silent' : 'running',
      clockErrorNs: this.clocks.at(-1)?.errorNs,
    };
  }

  get isOver(): boolean {
    return this.loss !== undefined || this.#isSealed;
  }

  /** Its reports come in another stream than the seal. */
  get #isSealed(): boolean {
    const seal = this.receiver?.seal;
    return seal !== undefined && this.#done.length >= seal.donePhases;
  }
}
