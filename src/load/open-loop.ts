import { randomUUID } from 'node:crypto';
import type { RampedLimit } from '../schedule/ramp.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { Issuing } from './plan.js';
import type { ThreadShare } from './quota.js';
import type { Session } from './session.js';
import type { WantedSession } from './sessions-ahead.js';

export interface OpenLoopOptions extends ThreadShare {
  /** Due time of the next tick of the phase, ns since its start; ascending. */
  readonly nextTickNs: () => number;
  /** Maximum sessions in flight over all threads; a tick above it starts no session. */
  readonly ceiling: RampedLimit | undefined;
  /** See `ticksAreSessions`. */
  readonly ticksAreSessions: boolean;
  /** A tick that is later than this moves the schedule instead of catching up in a burst. */
  readonly catchUpNs: number;
}

/**
 * Whether every session is a single turn and no limit delays a tick: tick k then starts session k, independent of the
 * number of threads. False: sessions are numbered as they start.
 */
export function ticksAreSessions(
  { singleTurns, ceiling }: Extract<Issuing, { readonly kind: 'rate' }>,
  prefill: RampedLimit | undefined,
): boolean {
  return singleTurns && ceiling === undefined && prefill === undefined;
}

// A request is prepared if its tick is at least this far away.
const MIN_AHEAD_NS = 0.2e6;

/**
 * Sends at given times, independent of earlier requests. A tick sends the next turn of a waiting session, or starts a
 * new session if none waits.
 */
export class OpenLoop implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #options: OpenLoopOptions;
  readonly #dueTurns: Session[] = [];
  /** Ticks of sessions whose rows of a streamed dataset were not read in time. */
  readonly #unread: number[] = [];
  #tick = -1;
  /** The next session for the preparation thread. */
  #toPrepare = 0;
  #exhausted = false;
  #ticking = false;
  /** The session of the next tick, with its body made in advance: a long prompt takes a millisecond. */
  #prepared: Session | undefined = undefined;
  /** Sessions of this thread that are not over. */
  #active = 0;

  constructor(phase: PhaseRunner, options: OpenLoopOptions) {
    this.#phase = phase;
    this.#options = options;
  }

  get finished(): boolean {
    return (this.#exhausted || this.#phase.sessionsAreTaken) && this.#active === 0;
  }

  prepare(): void {
    const { startNs, fromNs } = this.#phase.options;
    if (fromNs === startNs) this.#prepareAhead();
  }

  start(): void {
    const { startNs, fromNs } = this.#phase.options;
    this.#ticking = true;
    this.#waitForTick();
    // The first tick of a source that joins is known only now.
    if (fromNs !== startNs) this.#prepareAhead();
  }

  turnReady(session: Session, sinceNs: number): void {
    const delayMs = Math.max(0, session.turn?.delayMs ?? 0);
    if (delayMs === 0) this.#joinTicks(session);
    else this.#phase.callAt(session, sinceNs + delayMs * 1e6, () => this.#joinTicks(session));
  }

  sessionOver(): void {
    this.#active--;
    if (this.#options.ceiling !== undefined) this.#phase.options.quota.freeSlot();
  }

  #prepareAhead(): void {
    if (this.#options.ticksAreSessions) this.#phase.options.ahead?.begin(() => this.#nextToPrepare());
  }

  #joinTicks(session: Session): void {
    this.#dueTurns.push(session);
    if (!this.#ticking) this.#waitForTick();
  }

  /** Waits for this thread's next tick, and skips the ticks that passed while it had nothing to send or took no part. */
  #waitForTick(): void {
    const { thread, threads, nextTickNs } = this.#options;
    const { counters, startNs, fromNs } = this.#phase.options;
    const resumedNs = this.#ticking ? Number.NEGATIVE_INFINITY : this.#phase.nowNs() - startNs;
    this.#ticking = true;
    let tickNs: number;
    do {
      tickNs = nextTickNs();
      this.#tick++;
    } while (
      this.#tick % threads !== thread ||
      startNs + tickNs < fromNs ||
      tickNs + counters.movedNs < resumedNs
    );
    this.#arm(startNs + tickNs);
    if (this.#options.ticksAreSessions && this.#phase.options.ahead === undefined)
      this.#prepareFor(startNs + tickNs + counters.movedNs);
  }

  #nextToPrepare(): WantedSession | undefined {
    const { thread, threads } = this.#options;
    const { firstSession, sample } = this.#phase.options;
    while (this.#toPrepare <= this.#tick || this.#toPrepare % threads !== thread) this.#toPrepare++;
    if (this.#toPrepare >= this.#maxTicks || !this.#phase.mayIssue) return undefined;
    const number = firstSession + this.#toPrepare++;
    return { number, conversation: sample(number), turn: 0 };
  }

  /** Makes the request of the next tick after all pending reads. */
  #prepareFor(dueNs: number): void {
    const phase = this.#phase;
    const tick = this.#tick;
    if (tick >= this.#maxTicks || phase.nowNs() + MIN_AHEAD_NS > dueNs) return;
    phase.options.timers.at(phase.nowNs(), () => {
      if (this.#tick !== tick || !phase.mayIssue || phase.nowNs() + MIN_AHEAD_NS > dueNs) return;
      const session = phase.openSession(tick, randomUUID());
      phase.prepare(session);
      this.#prepared = session;
    });
  }

  /** @param plannedNs the tick's time in the original schedule, before it was moved. */
  #arm(plannedNs: number): void {
    const { timers, counters } = this.#phase.options;
    const { movedNs } = counters;
    timers.at(plannedNs + movedNs, () => {
      // Another thread may have moved the schedule, which all threads share.
      if (counters.movedNs > movedNs) this.#arm(plannedNs);
      else this.#send(plannedNs + movedNs, movedNs);
    });
  }

  #send(plannedNs: number, movedNs: number): void {
    const phase = this.#phase;
    if (!phase.mayIssueAt(plannedNs)) {
      phase.end();
      return;
    }
    const lateNs = phase.nowNs() - plannedNs;
    if (lateNs > this.#options.catchUpNs) phase.options.counters.moveTo(movedNs + lateNs);
    const waiting = this.#dueTurns.shift();
    if (waiting !== undefined) phase.submit(waiting, plannedNs);
    else this.#startSession(plannedNs);
    if (!this.#exhausted || this.#dueTurns.length > 0) {
      this.#waitForTick();
    } else {
      this.#ticking = false;
      phase.checkDone();
    }
  }

  #startSession(dueNs: number): void {
    const phase = this.#phase;
    const { ceiling, ticksAreSessions } = this.#options;
    const { quota } = phase.options;
    if (this.#exhausted) return;
    if (this.#unread.length > 0) {
      this.#unread.push(dueNs);
      return;
    }
    if (phase.prefillIsFull || (ceiling !== undefined && !quota.takeSlot(phase.limitNow(ceiling)))) return;
    const number = ticksAreSessions ? this.#sessionOfTick() : phase.takeSession();
    if (number === undefined) {
      if (ceiling !== undefined) quota.freeSlot();
      this.#exhausted = ticksAreSessions || phase.sessionsAreTaken;
      // Rows of a streamed dataset were not read in time: the session starts late.
      if (!this.#exhausted && this.#unread.push(dueNs) === 1) phase.afterReading(this.#startUnread);
      return;
    }
    this.#active++;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    phase.start(prepared ?? phase.openSession(number, randomUUID()), dueNs);
  }

  readonly #startUnread = (): void => {
    for (const dueNs of this.#unread.splice(0)) if (this.#phase.mayIssue) this.#startSession(dueNs);
  };

  #sessionOfTick(): number | undefined {
    const { quota } = this.#phase.options;
    if (this.#tick >= this.#maxTicks) return undefined;
    // Counted as taken: the next phase continues after it.
    quota.takeSession(Number.POSITIVE_INFINITY);
    return this.#tick;
  }

  /** Number of ticks, where ticks are sessions. */
  get #maxTicks(): number {
    const { requestLimit, sessionLimit } = this.#phase.options;
    return Math.min(requestLimit, sessionLimit);
  }
}
