/** What happened to an item of a queue; undefined: it was sent. */
export type SendFailure = { readonly reason: string } | undefined;

/** Sends items one after another, with a bound on those that wait: a slow server costs data, not memory. */
export class ExportQueue<Item> {
  readonly #send: (item: Item) => Promise<SendFailure>;
  readonly #mostWaiting: number;
  readonly #onFailure: (reason: string) => void;
  #waiting: Item[] = [];
  #isSending = false;
  #lastFailed = false;
  #idle = () => {};

  /** @param send resolves to a failure instead of rejecting. @param onFailure called for each failure. */
  constructor(
    send: (item: Item) => Promise<SendFailure>,
    mostWaiting: number,
    onFailure: (reason: string) => void,
  ) {
    this.#send = send;
    this.#mostWaiting = mostWaiting;
    this.#onFailure = onFailure;
  }

  /** The last item could not be sent. */
  get isFailing(): boolean {
    return this.#lastFailed;
  }

  /** @param replaces which waiting items this one contains; absent: none. The oldest are dropped if too many wait. */
  push(item: Item, replaces: (waiting: Item) => boolean = () => false): void {
    this.#waiting = [...this.#waiting.filter((waiting) => !replaces(waiting)), item];
    if (this.#waiting.length > this.#mostWaiting) {
      this.#waiting.shift();
      this.#onFailure('data arrives faster than the server takes it');
    }
    if (!this.#isSending) void this.#sendAll();
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (!this.#isSending) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      const failure = await this.#send(item);
      this.#lastFailed = failure !== undefined;
      if (failure !== undefined) this.#onFailure(failure.reason);
    }
    this.#isSending = false;
    this.#idle();
  }
}
