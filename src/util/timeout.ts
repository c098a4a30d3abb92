// Node's timers take up to 2^31 - 1 ms (24.8 days), and fire at once for more.
const LONGEST_MS = 2 ** 31 - 1;

/** A timer for any duration: use it wherever a user sets the time. */
export class Timeout {
  readonly #act: () => void;
  #leftMs: number;
  #timeout: NodeJS.Timeout;

  /** @param ms Infinity: never. */
  constructor(act: () => void, ms: number) {
    this.#act = act;
    this.#leftMs = ms;
    this.#timeout = this.#wait();
  }

  /** Allows the process to exit while this waits. */
  unref(): this {
    this.#timeout.unref();
    return this;
  }

  /** Cancels the timer. */
  clear(): void {
    clearTimeout(this.#timeout);
  }

  #wait(): NodeJS.Timeout {
    const ms = Math.min(this.#leftMs, LONGEST_MS);
    this.#leftMs -= ms;
    return setTimeout(() => this.#expire(), ms);
  }

  #expire(): void {
    if (this.#leftMs > 0) {
      const isHeld = this.#timeout.hasRef();
      this.#timeout = this.#wait();
      if (!isHeld) this.#timeout.unref();
    } else {
      this.#act();
    }
  }
}

/** Calls `act` every `ms`, at most `2^31 - 1`. @returns a function that stops it. */
export function every(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}

/** Waits for any duration, or until the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      timeout.clear();
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const timeout = new Timeout(stop, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
