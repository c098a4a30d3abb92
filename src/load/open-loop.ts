import { randomUUID } from 'node:crypto';
import type { RampedLimit } from '../schedule/ramp.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { ThreadShare } from './quota.js';
import type { Session } from './session.js';

export interface OpenLoopOptions extends ThreadShare {
  /** Due times of all ticks, ns since the phase's start, one a call; ever growing. */
  readonly nextTickNs: () => number;
  /** Most sessions in flight over all threads; a tick that would start one more is lost. */
  readonly ceiling: RampedLimit | undefined;
  /**
   * Every session is one turn and nothing holds a tick back, so tick k starts session k in whichever thread:
   * the stream does not depend on how many threads there are. Absent: sessions are numbered as they start.
   */
  readonly ticksAreSessions: boolean;
  /** Later than this, the thread's schedule is moved instead of being caught up with in a burst. */
  readonly catchUpNs: number;
}

// A request is made ahead where its tick is at least so far away.
const LEAST_AHEAD_NS = 0.2e6;

/**
 * Sends at given times, whatever the state of earlier requests. A tick takes a session that is due its next turn,
 * else it starts a new one.
 */
export class OpenLoop implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #options: OpenLoopOptions;
  readonly #dueTurns: Session[] = [];
  #tick = -1;
  #exhausted = false;
  #ticking = false;
  /** The session of the next tick, its body made ahead: that of a long prompt takes a millisecond. */
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

  start(): void {
    this.#ticking = true;
    this.#waitForTick();
  }

  turnReturned(session: Session, endNs: number): void {
    const delayMs = Math.max(0, session.turn?.delayMs ?? 0);
    if (delayMs === 0) this.#joinTicks(session);
    else this.#phase.callAt(session, endNs + delayMs * 1e6, () => this.#joinTicks(session));
  }

  sessionOver(): void {
    this.#active--;
    if (this.#options.ceiling !== undefined) this.#phase.options.quota.freeSlot();
  }

  #joinTicks(session: Session): void {
    this.#dueTurns.push(session);
    if (!this.#ticking) this.#waitForTick();
  }

  /** Waits for this thread's next tick; those that went by while it had nothing to send are passed over. */
  #waitForTick(): void {
    const { thread, threads, nextTickNs } = this.#options;
    const { counters, startNs } = this.#phase.options;
    const resumedNs = this.#ticking ? Number.NEGATIVE_INFINITY : this.#phase.nowNs() - startNs;
    this.#ticking = true;
    let tickNs: number;
    do {
      tickNs = nextTickNs();
      this.#tick++;
    } while (this.#tick % threads !== thread || tickNs + counters.movedNs < resumedNs);
    this.#arm(startNs + tickNs);
    if (this.#options.ticksAreSessions) this.#prepareFor(startNs + tickNs + counters.movedNs);
  }

  /** Has the request of the next tick made as soon as what is there to be read is read. */
  #prepareFor(dueNs: number): void {
    const phase = this.#phase;
    const tick = this.#tick;
    if (tick >= this.#mostTicks || phase.nowNs() + LEAST_AHEAD_NS > dueNs) return;
    phase.options.timers.at(phase.nowNs(), () => {
      if (this.#tick !== tick || !phase.mayIssue || phase.nowNs() + LEAST_AHEAD_NS > dueNs) return;
      const session = phase.openSession(tick, randomUUID());
      phase.prepare(session);
      this.#prepared = session;
    });
  }

  /** @param plannedNs the tick's time in the schedule as it was before anything was moved. */
  #arm(plannedNs: number): void {
    const { timers, counters } = this.#phase.options;
    const { movedNs } = counters;
    timers.at(plannedNs + movedNs, () => {
      // Another thread may have moved the schedule meanwhile: it is one for all.
      if (counters.movedNs > movedNs) this.#arm(plannedNs);
      else this.#send(plannedNs + movedNs, movedNs);
    });
  }

  #send(plannedNs: number, movedNs: number): void {
    const phase = this.#phase;
    if (!phase.mayIssue) {
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
    if (phase.prefillIsFull || (ceiling !== undefined && !quota.takeSlot(phase.limitNow(ceiling)))) return;
    const number = ticksAreSessions ? this.#sessionOfTick() : phase.takeSession();
    if (number === undefined) {
      if (ceiling !== undefined) quota.freeSlot();
      this.#exhausted = true;
      return;
    }
    this.#active++;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    phase.submit(prepared ?? phase.openSession(number, randomUUID()), dueNs);
  }

  #sessionOfTick(): number | undefined {
    const { quota } = this.#phase.options;
    if (this.#tick >= this.#mostTicks) return undefined;
    // Counted like any other: the next phase goes on behind it.
    quota.takeSession(Number.POSITIVE_INFINITY);
    return this.#tick;
  }

  /** Of ticks that are sessions. */
  get #mostTicks(): number {
    const { requestLimit, sessionLimit } = this.#phase.options;
    return Math.min(requestLimit, sessionLimit);
  }
}
