import type { RampedLimit } from '../schedule/ramp.js';
import type { PhaseRunner } from './phase-runner.js';

// Slots that other threads free are looked for this often.
const LOOK_AGAIN_NS = 1e6;

/** Lets sessions begin up to a ceiling over all threads; those that are due above it wait in line. */
export class ConcurrencyGate {
  readonly #phase: PhaseRunner;
  readonly #limit: RampedLimit | undefined;
  readonly #line: (() => void)[] = [];
  #looking = false;
  #lettingIn = false;

  /** @param limit absent: there is no ceiling. */
  constructor(phase: PhaseRunner, limit: RampedLimit | undefined) {
    this.#phase = phase;
    this.#limit = limit;
  }

  /** Nobody waits. */
  get isClear(): boolean {
    return this.#line.length === 0;
  }

  /** Calls `begin` as soon as there is a slot, at once if there is one now and nobody waits. */
  acquire(begin: () => void): void {
    if (this.isClear && this.#takeSlot()) {
      begin();
      return;
    }
    this.#line.push(begin);
    this.#lookAgain();
  }

  /** A session that began is over. */
  release(): void {
    if (this.#limit === undefined) return;
    this.#phase.options.quota.freeSlot();
    this.#letIn();
  }

  #takeSlot(): boolean {
    return this.#limit === undefined || this.#phase.options.quota.takeSlot(this.#phase.limitNow(this.#limit));
  }

  #letIn(): void {
    // A session that is over at once leaves from within its own beginning: this loop takes its slot.
    if (this.#lettingIn) return;
    this.#lettingIn = true;
    while (this.#line.length > 0 && this.#phase.mayIssue && this.#takeSlot()) this.#line.shift()?.();
    this.#lettingIn = false;
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#looking || this.#line.length === 0 || !this.#phase.mayIssue) return;
    this.#looking = true;
    this.#phase.options.timers.at(this.#phase.nowNs() + LOOK_AGAIN_NS, () => {
      this.#looking = false;
      this.#letIn();
    });
  }
}
