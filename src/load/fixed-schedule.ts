import { headerText } from '../endpoint/headers.js';
import { dueAfterReturn, type FixedSchedule, keptTurns } from '../schedule/fixed-schedule.js';
import type { RampedLimit } from '../schedule/ramp.js';
import { ConcurrencyGate } from './concurrency-gate.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { ThreadShare } from './quota.js';
import type { Session } from './session.js';
import type { WantedSession } from './sessions-ahead.js';

export interface ReplayOptions extends ThreadShare {
  readonly schedule: FixedSchedule;
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
    this.#phase.options.ahead?.begin(() => this.#nextToPrepare());
  }

  start(): void {
    this.#waitForNext();
  }

  turnReady(session: Session, sinceNs: number): void {
    const { startNs, counters } = this.#phase.options;
    const { zeroMs } = this.#options.schedule;
    const { dueNs, postponedNs } = dueAfterReturn(session.turn ?? {}, sinceNs - startNs, zeroMs);
    if (postponedNs > 0) counters.notePostponed(postponedNs);
    this.#phase.submitAt(session, startNs + dueNs);
  }

  sessionOver(): void {
    this.#ceiling.release();
  }

  /** Number of sessions to play: a session limit cuts the schedule short. */
  get #sessions(): number {
    return Math.min(this.#options.schedule.conversations.length, this.#phase.options.sessionLimit);
  }

  #waitForNext(): void {
    if (this.#next >= this.#sessions) return;
    const { timers } = this.#phase.options;
    timers.at(this.#dueNs(this.#next), () => {
      const session = this.#next;
      this.#next += this.#options.threads;
      this.#ceiling.acquire(() => this.#play(session));
      this.#waitForNext();
      this.#phase.checkDone();
    });
  }

  #play(number: number): void {
    const session = this.#open(number);
    if (session.turn === undefined) this.sessionOver();
    else this.#phase.start(session, this.#dueNs(number));
  }

  #open(number: number): Session {
    const { firstSession } = this.#phase.options;
    const conversation = this.#options.schedule.conversations[number] ?? 0;
    return this.#phase.openPlayed(
      firstSession + number,
      conversation,
      (id) => headerText(`fixed-schedule-${id}`),
      this.#turnsOf(number),
    );
  }

  /** The turns of a session that are sent: a request limit cuts the schedule short. */
  #turnsOf(number: number): Uint32Array {
    const { schedule } = this.#options;
    const left = Math.max(0, this.#phase.options.requestLimit - (schedule.turnsBefore[number] ?? 0));
    return keptTurns(schedule, number).slice(0, Math.min(left, 2 ** 31));
  }

  #nextToPrepare(): WantedSession | undefined {
    const { threads, schedule } = this.#options;
    while (this.#toPrepare < this.#next) this.#toPrepare += threads;
    const number = this.#toPrepare;
    if (number >= this.#sessions || !this.#phase.mayIssue) return undefined;
    const turn = this.#turnsOf(number)[0];
    if (turn === undefined) return undefined;
    this.#toPrepare += threads;
    const conversation = schedule.conversations[number] ?? 0;
    return { number: this.#phase.options.firstSession + number, conversation, turn };
  }

  #dueNs(session: number): number {
    return this.#phase.options.startNs + (this.#options.schedule.dueNs[session] ?? 0);
  }
}
