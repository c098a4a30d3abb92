import { type LiveShard, type PhaseProgress, sumOf } from '../../load/source.js';
import type { PhaseName } from '../../records/record.js';
import type { LeaseEntry, ReadyEntry, Tick } from '../messages.js';
import { Incarnation, type Loss } from './incarnation.js';

/** The process that holds a shard, whether it is ready or not. */
interface ShardHolder {
  readonly entry: LeaseEntry;
  /** Monotonic ms of its last sign of life. */
  readonly signMs: number;
  /** Why it cannot take part in the round, completing "shard 2 …"; undefined: it can. */
  readonly failure: string | undefined;
  /** The last phase that it could join, and whether anything was left for it then. */
  readonly considered: { readonly phase: number; readonly hasWork: boolean } | undefined;
}

/** What the coordinator knows of a shard in a round. */
export class Shard {
  readonly number: number;
  holder: ShardHolder | undefined = undefined;
  /** Those that were ready in this round, in order. */
  readonly incarnations: Incarnation[] = [];
  /** It was not there when the round started. */
  absence: Loss | undefined = undefined;
  /** It has given no sign of life for long, but may come back. */
  isSilent = false;
  /** Why it was to end early, completing "shard 2 …"; undefined: it was not. */
  stopped: string | undefined = undefined;

  constructor(number: number) {
    this.number = number;
  }

  /** A process holds it. */
  noteHolder(entry: LeaseEntry, nowMs: number): void {
    const isSame = this.holder?.entry.incarnation === entry.incarnation;
    const { failure, considered } = (isSame ? this.holder : undefined) ?? {};
    this.holder = { entry, signMs: nowMs, failure, considered };
    const ready = this.incarnationOf(entry.incarnation);
    if (ready !== undefined) ready.signMs = nowMs;
  }

  /** A process cannot take part in the round. @returns whether it holds the shard, and that is new. */
  noteFailure(incarnation: number, failure: string): boolean {
    if (this.holder?.entry.incarnation !== incarnation || this.holder.failure !== undefined) return false;
    this.holder = { ...this.holder, failure };
    return true;
  }

  /** A process that holds it is ready to send. */
  noteReady(ready: ReadyEntry, nowMs: number): void {
    if (ready.incarnation > (this.latest?.number ?? 0)) this.incarnations.push(new Incarnation(ready, nowMs));
  }

  noteTick(tick: Tick, nowMs: number): void {
    this.incarnationOf(tick.incarnation)?.noteTick(tick, nowMs);
  }

  incarnationOf(incarnation: number): Incarnation | undefined {
    return this.incarnations.find(({ number }) => number === incarnation);
  }

  /** The last that was ready. */
  get latest(): Incarnation | undefined {
    return this.incarnations.at(-1);
  }

  /** Those that take part in the round, or did. */
  get parts(): readonly Incarnation[] {
    return this.incarnations.filter(({ receiver }) => receiver !== undefined);
  }

  /** The one that sends the shard's part; undefined: none. */
  get current(): Incarnation | undefined {
    return this.parts.at(-1);
  }

  /** Why it is lost; undefined: it is not. */
  get loss(): Loss | undefined {
    const { current } = this;
    return current === undefined ? this.absence : current.loss;
  }

  isDone(phase: number): boolean {
    return this.current?.isDone(phase) === true;
  }

  progressOf(phase: number): PhaseProgress {
    return sumOf(this.parts.map((part) => part.progressOf(phase)));
  }

  /** Its state in a phase, for live views. @param planned requests due from it. */
  live(phase: number, name: PhaseName, planned: number | undefined): LiveShard {
    const { issued, returned } = this.progressOf(phase);
    const { current, latest, parts } = this;
    const isDone = this.isOver || this.isDone(phase);
    return {
      ...{ shard: this.number, host: (current ?? latest)?.ready.host, planned, issued, returned },
      latenessMs: current?.client.latenessMs(phase),
      received: parts.reduce((sum, { receiver }) => sum + (receiver?.received[name] ?? 0), 0),
      unsentBytes: current?.unsentBytes ?? 0,
      state: this.loss !== undefined ? 'lost' : isDone ? 'done' : this.isSilent ? 'silent' : 'running',
      clockErrorNs: (current ?? latest)?.clocks.at(-1)?.errorNs,
      clockDriftNs: (current ?? latest)?.clockDriftNs,
    };
  }

  get isOver(): boolean {
    return this.current?.isOver ?? this.absence !== undefined;
  }
}
