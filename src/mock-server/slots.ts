/** Waits for a slot and then runs in it. */
export interface Runner {
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

  #fill(): void {
    for (const runner of this.#waiting) {
      if (this.#running.size >= this.#limit) return;
      this.#waiting.delete(runner);
      this.#running.add(runner);
      this.#onRunning?.(this.#running.size);
      runner.start();
    }
  }
}
