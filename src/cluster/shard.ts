import type { ThreadReport } from '../fidelity/thread-report.js';
import type { LiveShard, PhaseProgress } from '../load/source.js';
import type { LeaseEntry, ReadyEntry, ShardEvent, Tick } from './messages.js';
import type { ShardReceiver } from './shard-receiver.js';

/** Nothing has happened yet in a phase. */
const noProgress: PhaseProgress = {
  ...{ sessions: 0, endedSessions: 0, issued: 0, returned: 0, failed: 0, cancelled: 0 },
  ...{ stopped: false, activity: 0, movedNs: 0, postponed: { turns: 0, mostNs: 0 } },
};

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
  /** Of the first session after the last phase that it has done. */
  nextSession = 0;
  /** Offsets and errors of the clock, ns, in the order of their measurement. */
  readonly clocks: ReadyEntry['clock'][] = [];
  readonly #progress: PhaseProgress[] = [];
  #lastIssued: number | undefined = undefined;
  readonly #reports: (readonly ThreadReport[] | undefined)[] = [];

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

  noteDone({ phase, progress, nextSession, reports }: Extract<ShardEvent, { kind: 'phase-done' }>): void {
    this.#progress[phase] = progress;
    this.nextSession = nextSession;
    this.#reports[phase] = reports.map((report) => ({
      ...report,
      cpuShare: report.cpuShare,
      waitShare: report.waitShare,
    }));
  }

  /** Reports of its threads; undefined while the phase is not done. */
  reportsOf(phase: number): readonly ThreadReport[] | undefined {
    return this.#reports[phase];
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
    const isDone = this.isOver || this.reportsOf(phase) !== undefined;
    return {
      ...{ shard: this.number, host: this.ready?.host, issued, returned },
      ...{ received: this.receiver?.received[name] ?? 0, unsentBytes: this.unsentBytes },
      state: this.loss !== undefined ? 'lost' : isDone ? 'done' : this.isSilent ? 'silent' : 'running',
      clockErrorNs: this.clocks.at(-1)?.errorNs,
    };
  }

  get isOver(): boolean {
    return this.loss !== undefined || this.receiver?.seal !== undefined;
  }
}
