import type { RampedLimit } from '../schedule/ramp.js';
import type { PhaseRunner } from './phase-runner.js';

// Interval of the check for slots that other threads freed.
const SLOT_CHECK_NS = 1e6;

/** Starts sessions up to a limit over all threads, and queues those that are due above it. */
export class ConcurrencyGate {
  readonly #phase: PhaseRunner;
  readonly #limit: RampedLimit | undefined;
  readonly #queue: (() => void)[] = [];
  #checking = false;
  #starting = false;

  /** @param limit undefined: no limit. */
  constructor(phase: PhaseRunner, limit: RampedLimit | undefined) {
    this.#phase = phase;
    this.#limit = limit;
  }

  /** Whether no session is queued. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Calls `begin` when a slot is free: immediately, or after those queued before it. */
  acquire(begin: () => void): void {
    if (this.isEmpty && this.#takeSlot()) {
      begin();
      return;
    }
    this.#queue.push(begin);
    this.#scheduleCheck();
  }

  /** Frees the slot of a session that ended. */
  release(): void {
    if (this.#limit === undefined) return;
    this.#phase.options.quota.freeSlot();
    this.#startQueued();
  }

  #takeSlot(): boolean {
    return this.#limit === undefined || this.#phase.options.quota.takeSlot(this.#phase.limitNow(this.#limit));
  }

  #startQueued(): void {
    // A session that ends within its own start releases its slot here again; the outer loop takes that slot.
    if (this.#starting) return;
    this.#starting = true;
    while (this.#queue.length > 0 && this.#phase.mayIssue && this.#takeSlot()) this.#queue.shift()?.();
    this.#starting = false;
    this.#scheduleCheck();
  }

  #scheduleCheck(): void {
    if (this.#checking || this.#queue.length === 0 || !this.#phase.mayIssue) return;
    this.#checking = true;
    this.#phase.options.timers.at(this.#phase.nowNs() + SLOT_CHECK_NS, () => {
      this.#checking = false;
      this.#startQueued();
    });
  }
}
