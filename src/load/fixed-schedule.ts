import { headerText } from '../endpoint/headers.js';
import { dueAfterReturn } from '../schedule/fixed-schedule.js';
import type { RampedLimit } from '../schedule/ramp.js';
import { ConcurrencyGate } from './concurrency-gate.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { ThreadShare } from './quota.js';
import type { ReplaySessions } from './replay-sessions.js';
import type { Session } from './session.js';
import type { WantedSession } from './sessions-ahead.js';

export interface ReplayOptions extends ThreadShare {
  readonly sessions: ReplaySessions;
  /** Maximum sessions in flight over all threads; sessions due above it are queued. */
  readonly ceiling: RampedLimit | undefined;
}

/**
 * Sends recorded sessions at their recorded times, independent of earlier requests: a late request does not delay later
 * ones. Every session is played once.
 */
export class FixedReplay implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #options: ReplayOptions;
  readonly #ceiling: ConcurrencyGate;
  #next: number;
  /** The next session to prepare. */
  #toPrepare: number;

  constructor(phase: PhaseRunner, options: ReplayOptions) {
    this.#phase = phase;
    this.#options = options;
    this.#ceiling = new ConcurrencyGate(phase, options.ceiling);
    this.#next = options.thread;
    this.#toPrepare = options.thread;
  }

  get finished(): boolean {
    return this.#next >= this.#sessions && this.#ceiling.isEmpty;
  }

  prepare(): void {
    this.#skipEarlier();
    this.#options.sessions.openFrom(this.#next);
    this.#phase.options.ahead?.begin(() => this.#nextToPrepare());
  }

  start(): void {
    this.#waitForNext();
  }

  turnReady(session: Session, sinceNs: number): void {
    const { startNs, counters } = this.#phase.options;
    const { zeroMs } = this.#options.sessions;
    const { dueNs, postponedNs } = dueAfterReturn(session.turn ?? {}, sinceNs - startNs, zeroMs);
    if (postponedNs > 0) counters.notePostponed(postponedNs);
    this.#phase.submitAt(session, startNs + dueNs);
  }

  sessionOver(): void {
    this.#ceiling.release();
  }

  /** Number of sessions to play: a session limit cuts the schedule short. */
  get #sessions(): number {
    return Math.min(this.#options.sessions.size, this.#phase.options.sessionLimit);
  }

  /** Leaves out sessions that were due before the source joined, as far as they are known. */
  #skipEarlier(): void {
    const { fromNs } = this.#phase.options;
    const { sessions, threads } = this.#options;
    while (this.#next < this.#sessions && sessions.isKnown(this.#next) && this.#dueNs(this.#next) < fromNs) {
      this.#next += threads;
      sessions.openFrom(this.#next);
    }
  }

  #waitForNext(): void {
    this.#skipEarlier();
    if (this.#next >= this.#sessions) return;
    if (!this.#options.sessions.isKnown(this.#next)) {
      this.#phase.afterReading(() => this.#waitForNext());
      return;
    }
    const { timers } = this.#phase.options;
    timers.at(this.#dueNs(this.#next), () => {
      const session = this.#next;
      this.#next += this.#options.threads;
      const dueNs = this.#dueNs(session);
      this.#ceiling.acquire(() => this.#play(session, dueNs));
      this.#waitForNext();
      this.#phase.checkDone();
    });
  }

  #play(number: number, dueNs: number): void {
    const session = this.#open(number);
    if (session.turn === undefined) this.sessionOver();
    else this.#phase.start(session, dueNs);
  }

  #open(number: number): Session {
    const { firstSession, requestLimit } = this.#phase.options;
    const { sessions, threads } = this.#options;
    const session = this.#phase.openPlayed(
      firstSession + number,
      sessions.conversation(number),
      (id) => headerText(`fixed-schedule-${id}`),
      sessions.turns(number, requestLimit),
    );
    sessions.openFrom(number + threads);
    return session;
  }

  #nextToPrepare(): WantedSession | undefined {
    const { threads, sessions } = this.#options;
    const { firstSession, requestLimit } = this.#phase.options;
    while (this.#toPrepare < this.#next) this.#toPrepare += threads;
    const number = this.#toPrepare;
    if (number >= this.#sessions || !sessions.isKnown(number) || !this.#phase.mayIssue) return undefined;
    const turn = sessions.turns(number, requestLimit)[0];
    if (turn === undefined) return undefined;
    this.#toPrepare += threads;
    return { number: firstSession + number, conversation: sessions.conversation(number), turn };
  }

  #dueNs(session: number): number {
    return this.#phase.options.startNs + this.#options.sessions.dueNs(session);
  }
}
