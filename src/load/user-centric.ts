import type { RampedLimit } from '../schedule/ramp.js';
import { nextSendNs, type UserArrival, type UserPlan, userArrivals } from '../schedule/user-centric.js';
import { ConcurrencyGate } from './concurrency-gate.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { ThreadShare } from './quota.js';
import type { Session } from './session.js';

export interface UserCentricOptions extends ThreadShare {
  readonly plan: UserPlan;
  /** Turns of the conversation of a session number. */
  readonly turnsOf: (session: number) => number;
  readonly ceiling: RampedLimit | undefined;
  /** Requests that are sent by plan, over all sources; Infinity: the request limit of the phase alone ends it. */
  readonly plannedRequests: number;
}

/** Users who each send a turn at a fixed interval, and are replaced by new users on a schedule. */
export class UserCentric implements Issuer {
  readonly #phase: PhaseRunner;
  readonly #options: UserCentricOptions;
  readonly #arrivals: Generator<UserArrival, never, void>;
  readonly #ceiling: ConcurrencyGate;
  readonly #lastDueNs = new Map<Session, number>();
  #exhausted = false;

  constructor(phase: PhaseRunner, options: UserCentricOptions) {
    this.#phase = phase;
    this.#options = options;
    this.#arrivals = userArrivals(options.plan, options.turnsOf);
    this.#ceiling = new ConcurrencyGate(phase, options.ceiling);
  }

  get finished(): boolean {
    return this.#exhausted && this.#ceiling.isEmpty;
  }

  start(): void {
    this.#waitForUser();
  }

  turnReady(session: Session, sinceNs: number): void {
    const dueNs = nextSendNs(this.#lastDueNs.get(session) ?? sinceNs, sinceNs, this.#options.plan.gapNs);
    this.#lastDueNs.set(session, dueNs);
    this.#phase.submitAt(session, dueNs);
  }

  sessionOver(session: Session): void {
    this.#lastDueNs.delete(session);
    this.#ceiling.release();
  }

  #waitForUser(): void {
    const { thread, threads, plannedRequests } = this.#options;
    const { timers, startNs, fromNs, sessionLimit } = this.#phase.options;
    let arrival: UserArrival;
    do arrival = this.#arrivals.next().value;
    while (arrival.user % threads !== thread || startNs + arrival.dueNs < fromNs);
    if (arrival.place >= sessionLimit || arrival.tick >= plannedRequests) {
      this.#exhausted = true;
      return;
    }
    timers.at(startNs + arrival.dueNs, () => {
      if (!this.#phase.mayIssueAt(startNs + arrival.dueNs)) {
        this.#phase.end();
        return;
      }
      this.#ceiling.acquire(() => this.#begin(arrival));
      this.#waitForUser();
      this.#phase.checkDone();
    });
  }

  #begin({ user, session: number, turns, dueNs, tick }: UserArrival): void {
    const { sample, firstSession, startNs } = this.#phase.options;
    const runNumber = firstSession + number;
    const { plan, plannedRequests } = this.#options;
    const length = Math.min(turns, Math.ceil((plannedRequests - tick) / plan.users));
    const played = Array.from({ length }, (_, turn) => turn);
    const session = this.#phase.openPlayed(runNumber, sample(runNumber), () => String(user), played);
    this.#lastDueNs.set(session, startNs + dueNs);
    this.#phase.submit(session, startNs + dueNs);
  }
}
