import { randomUUID } from 'node:crypto';
import type { RampedLimit } from '../schedule/ramp.js';
import { nextStepNs } from '../schedule/ramp.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { Session } from './session.js';

// Making and sending requests must not delay reads: after this time the thread polls its sockets and timestamps what
// arrived. A request takes as long or longer; one poll takes 3 µs.
const MAX_FILL_NS = 50e3;
// First bodies made before the start; those of long prompts take about 25 MB.
const MAX_PREPARED = 250;

/**
 * Keeps a number of sessions in flight: whenever one ends, the next starts. A session keeps its slot between its
 * turns, delays included, so its turns precede new sessions. Failures free their slots, so the load never decays.
 */
export class ClosedLoop implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #concurrency: RampedLimit;
  readonly #shareOf: (total: number) => number;
  /** When each free slot became free, which is the due time of its next session. */
  readonly #freeSinceNs: number[] = [];
  /** Sessions whose first body was made before the start. */
  readonly #prepared: Session[] = [];
  #slots = 0;
  #filling = false;
  #exhausted = false;

  /** @param concurrency over all threads. @param shareOf this thread's share of a total. */
  constructor(phase: PhaseRunner, concurrency: RampedLimit, shareOf: (total: number) => number) {
    this.#phase = phase;
    this.#concurrency = concurrency;
    this.#shareOf = shareOf;
  }

  get finished(): boolean {
    return (this.#exhausted || this.#phase.sessionsAreTaken) && !this.#filling;
  }

  prepare(): void {
    const slots = Math.min(MAX_PREPARED, this.#shareOf(this.#phase.limitNow(this.#concurrency)));
    while (this.#prepared.length < slots) {
      const session = this.#takeSession();
      if (session === undefined) break;
      this.#phase.prepare(session);
      this.#prepared.push(session);
    }
  }

  start(): void {
    this.#openSlots(this.#phase.options.fromNs);
  }

  turnReady(session: Session, sinceNs: number): void {
    this.#phase.submitAt(session, sinceNs + Math.max(0, session.turn?.delayMs ?? 0) * 1e6);
  }

  sessionOver(_session: Session, endNs: number): void {
    this.#freeSinceNs.push(endNs);
    this.#fillAfterReading();
  }

  /** Opens the slots that the ramp has reached at `atNs`, and schedules its next step. */
  #openSlots(atNs: number): void {
    const { timers, startNs } = this.#phase.options;
    const { limit, rampNs } = this.#concurrency;
    const slots = this.#shareOf(this.#phase.limitNow(this.#concurrency));
    for (; this.#slots < slots; this.#slots++) this.#freeSinceNs.push(atNs);
    const stepNs = nextStepNs(this.#phase.nowNs() - startNs, limit, rampNs);
    if (stepNs !== undefined) timers.at(startNs + stepNs, () => this.#openSlots(startNs + stepNs));
    if (!this.#filling) this.#fill();
  }

  /**
   * Streams that started together end together: all pending reads are timestamped before the next request is made.
   * Due times are not affected.
   */
  #fillAfterReading(): void {
    if (this.#filling) return;
    this.#filling = true;
    this.#phase.options.timers.at(this.#phase.nowNs(), this.#fill);
  }

  readonly #fill = (): void => {
    const phase = this.#phase;
    const beganNs = phase.nowNs();
    this.#filling = true;
    while (this.#freeSinceNs.length > 0 && !this.#exhausted && phase.mayIssue) {
      if (!this.#startSession()) {
        phase.afterReading(this.#fill);
        return;
      }
      if (phase.nowNs() - beganNs > MAX_FILL_NS) {
        // Not the timer queue, which calls due entries without polling the sockets.
        setImmediate(this.#fill);
        return;
      }
    }
    this.#filling = false;
    phase.checkDone();
  };

  /** @returns false if it must wait for rows of a streamed dataset. */
  #startSession(): boolean {
    const session = this.#prepared.shift() ?? this.#takeSession();
    if (session === undefined) {
      this.#exhausted = this.#phase.sessionsAreTaken;
      return this.#exhausted;
    }
    this.#phase.start(session, this.#freeSinceNs.shift() ?? this.#phase.nowNs());
    return true;
  }

  #takeSession(): Session | undefined {
    const number = this.#phase.takeSession();
    return number === undefined ? undefined : this.#phase.openSession(number, randomUUID());
  }
}
