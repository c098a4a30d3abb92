/** Waits for a slot and then runs in it. */
export interface Runner {
  /** Whether there is room for it besides the slot; those behind it wait, too. */
  canStart(): boolean;
  start(): void;
}

/** Runs at most `limit` at once; others wait in order of arrival. */
export class Slots<R extends Runner> {
  readonly #limit: number;
  readonly #waiting = new Set<R>();
  readonly #running = new Set<R>();
  readonly #onRunning: ((running: number) => void) | undefined;

  /**
   * @param limit undefined: no limit.
   * @param onRunning is called when the number of running ones has changed.
   */
  constructor(limit: number | undefined, onRunning?: (running: number) => void) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#onRunning = onRunning;
  }

  get running(): ReadonlySet<R> {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Starts it now, or when a slot becomes free. */
  enter(runner: R): void {
    this.#waiting.add(runner);
    this.#fill();
  }

  /** Ends it, running or waiting. */
  leave(runner: R): void {
    if (!this.#waiting.delete(runner)) {
      this.#running.delete(runner);
      this.#onRunning?.(this.#running.size);
    }
    this.#fill();
  }

  /** Takes the slot of a running one, which is the next to start, once another one ends. */
  preempt(runner: R): void {
    this.#running.delete(runner);
    this.#onRunning?.(this.#running.size);
    const behind = [...this.#waiting];
    this.#waiting.clear();
    for (const each of [runner, ...behind]) this.#waiting.add(each);
  }

  #fill(): void {
    for (const runner of this.#waiting) {
      if (this.#running.size >= this.#limit || !runner.canStart()) return;
      this.#waiting.delete(runner);
      this.#running.add(runner);
      this.#onRunning?.(this.#running.size);
      runner.start();
    }
  }
}
