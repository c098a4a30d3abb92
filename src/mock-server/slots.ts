/** Waits for a slot and then runs in it. */
export interface Runner {
  start(): void;
}

/** Runs at most `limit` at once; others wait in order of arrival. */
export class Slots {
  readonly #limit: number;
  readonly #waiting = new Set<Runner>();
  #running = 0;

  constructor(limit: number | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Starts it now, or when a slot becomes free. */
  enter(runner: Runner): void {
    this.#waiting.add(runner);
    this.#fill();
  }

  /** Ends it, running or waiting. */
  leave(runner: Runner): void {
    if (!this.#waiting.delete(runner)) this.#running--;
    this.#fill();
  }

  #fill(): void {
    for (const runner of this.#waiting) {
      if (this.#running >= this.#limit) return;
      this.#waiting.delete(runner);
      this.#running++;
      runner.start();
    }
  }
}
