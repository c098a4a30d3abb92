import { randomUUID } from 'node:crypto';
import type { RampedLimit } from '../schedule/ramp.js';
import { nextStepNs } from '../schedule/ramp.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { Session } from './session.js';

// Making and sending requests must not keep the thread from reading: after this long it lets the sockets speak, and
// what arrived is stamped. A request takes about half of it; one look at the sockets in between costs a tenth.
const LONGEST_FILL_NS = 0.2e6;
// So many first bodies are made before the start; those of long prompts come to some 25 MB.
const MOST_PREPARED = 250;

/**
 * Keeps a number of sessions in flight: whenever one ends, the next starts. A session that is due its next turn
 * keeps its slot, through a delay too, so it comes before any new one; slots are freed by failures as well, so the
 * load never decays.
 */
export class ClosedLoop implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #concurrency: RampedLimit;
  readonly #shareOf: (total: number) => number;
  /** Since when each free slot has been free: a new session was due then. */
  readonly #freeSinceNs: number[] = [];
  /** Sessions whose first body was made before the start. */
  readonly #prepared: Session[] = [];
  #slots = 0;
  #filling = false;
  #exhausted = false;

  /** @param concurrency over all threads. @param shareOf this thread's part of a whole. */
  constructor(phase: PhaseRunner, concurrency: RampedLimit, shareOf: (total: number) => number) {
    this.#phase = phase;
    this.#concurrency = concurrency;
    this.#shareOf = shareOf;
  }

  get finished(): boolean {
    return (this.#exhausted || this.#phase.sessionsAreTaken) && !this.#filling;
  }

  prepare(): void {
    const slots = Math.min(MOST_PREPARED, this.#shareOf(this.#phase.limitNow(this.#concurrency)));
    while (this.#prepared.length < slots) {
      const session = this.#takeSession();
      if (session === undefined) break;
      this.#phase.prepare(session);
      this.#prepared.push(session);
    }
  }

  start(): void {
    this.#openSlots(this.#phase.options.startNs);
  }

  turnReturned(session: Session, endNs: number): void {
    this.#phase.submitAt(session, endNs + Math.max(0, session.turn?.delayMs ?? 0) * 1e6);
  }

  sessionOver(_session: Session, endNs: number): void {
    this.#freeSinceNs.push(endNs);
    this.#fillAfterReading();
  }

  /** Opens the slots that the ramp has come to at `atNs`, and comes again at its next step. */
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
   * Streams that started together end together: what else is there to be read is read and stamped before the next
   * request is made. The time that a slot was free from stays its due time.
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
      if (phase.nowNs() - beganNs > LONGEST_FILL_NS) {
        // Not the timer queue: it calls again at once what is due.
        setImmediate(this.#fill);
        return;
      }
      this.#startSession();
    }
    this.#filling = false;
    phase.checkDone();
  };

  #startSession(): void {
    const session = this.#prepared.shift() ?? this.#takeSession();
    if (session === undefined) {
      this.#exhausted = true;
      return;
    }
    this.#phase.submit(session, this.#freeSinceNs.shift() ?? this.#phase.nowNs());
  }

  #takeSession(): Session | undefined {
    const number = this.#phase.takeSession();
    return number === undefined ? undefined : this.#phase.openSession(number, randomUUID());
  }
}
