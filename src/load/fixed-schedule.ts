import { headerText } from '../endpoint/headers.js';
import { dueAfterReturn, type FixedSchedule, keptTurns } from '../schedule/fixed-schedule.js';
import type { RampedLimit } from '../schedule/ramp.js';
import { ConcurrencyGate } from './concurrency-gate.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { ThreadShare } from './quota.js';
import type { Session } from './session.js';

export interface ReplayOptions extends ThreadShare {
  readonly schedule: FixedSchedule;
  /** Maximum sessions in flight over all threads; sessions due above it are queued. */
  readonly ceiling: RampedLimit | undefined;
}

// First bodies are made at most this early and at most this many: a body of a long prompt takes a millisecond.
const PREPARE_AHEAD_NS = 1e9;
const MAX_PREPARED = 64;
const PREPARE_AGAIN_NS = 5e6;

/**
 * Sends recorded sessions at their recorded times, independent of earlier requests: a late request does not delay later
 * ones. Every session is played once.
 */
export class FixedReplay implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #options: ReplayOptions;
  readonly #ceiling: ConcurrencyGate;
  /** Sessions whose first body is ready, by number. */
  readonly #prepared = new Map<number, Session>();
  #next: number;
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

  start(): void {
    this.#waitForNext();
    this.#prepareAhead();
  }

  turnReturned(session: Session, endNs: number): void {
    const { startNs, counters } = this.#phase.options;
    const { zeroMs } = this.#options.schedule;
    const { dueNs, postponedNs } = dueAfterReturn(session.turn ?? {}, endNs - startNs, zeroMs);
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
    const session = this.#prepared.get(number) ?? this.#open(number);
    this.#prepared.delete(number);
    if (session.turn === undefined) this.sessionOver();
    else this.#phase.submit(session, this.#dueNs(number));
  }

  #open(number: number): Session {
    const { schedule } = this.#options;
    const phase = this.#phase;
    const { requestLimit, firstSession } = phase.options;
    const left = Math.max(0, requestLimit - (schedule.turnsBefore[number] ?? 0));
    const turns = keptTurns(schedule, number).slice(0, Math.min(left, 2 ** 31));
    const conversation = schedule.conversations[number] ?? 0;
    return phase.openPlayed(
      firstSession + number,
      conversation,
      (id) => headerText(`fixed-schedule-${id}`),
      turns,
    );
  }

  /** Makes bodies that are due soon while the event loop is idle, so that bursts are sent without delay. */
  readonly #prepareAhead = (): void => {
    const { timers } = this.#phase.options;
    while (this.#toPrepare < this.#next) this.#toPrepare += this.#options.threads;
    const number = this.#toPrepare;
    if (number >= this.#sessions || !this.#phase.mayIssue) return;
    const fromNs = this.#dueNs(number) - PREPARE_AHEAD_NS;
    if (this.#prepared.size >= MAX_PREPARED || this.#phase.nowNs() < fromNs) {
      timers.at(Math.max(fromNs, this.#phase.nowNs() + PREPARE_AGAIN_NS), this.#prepareAhead);
      return;
    }
    const session = this.#open(number);
    if (session.turn !== undefined) this.#phase.prepare(session);
    this.#prepared.set(number, session);
    this.#toPrepare += this.#options.threads;
    setImmediate(this.#prepareAhead);
  };

  #dueNs(session: number): number {
    return this.#phase.options.startNs + (this.#options.schedule.dueNs[session] ?? 0);
  }
}
