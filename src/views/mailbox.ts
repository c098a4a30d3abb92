import type { ViewMessage } from './messages.js';

/** A view process that has not taken a snapshot for this long does not respond. */
const STALL_MS = 10_000;

/**
 * Passes messages on, so that they never pile up: one snapshot is on its way at a time, and the newest waits for it.
 * While the receiver does not respond, the newest state of each kind waits, and logs and spans are left out.
 */
export class Mailbox {
  readonly #post: (message: ViewMessage) => void;
  readonly #nowMs: () => number;
  readonly #onStall: () => void;
  /** When the snapshot that has not arrived yet was posted. */
  #postedMs: number | undefined;
  #hasStalled = false;
  /** The newest of each kind. */
  readonly #waiting = new Map<ViewMessage['kind'], ViewMessage>();

  /** @param nowMs a monotonic clock. @param onStall called once, when the receiver first does not respond. */
  constructor(post: (message: ViewMessage) => void, nowMs: () => number, onStall: () => void) {
    this.#post = post;
    this.#nowMs = nowMs;
    this.#onStall = onStall;
  }

  send(message: ViewMessage): void {
    switch (message.kind) {
      case 'snapshot':
        if (this.#postedMs === undefined) this.#postSnapshot(message);
        else this.#waiting.set('snapshot', message);
        if (this.isStalled && !this.#hasStalled) {
          this.#hasStalled = true;
          this.#onStall();
        }
        return;
      case 'series':
      case 'histograms':
        if (this.isStalled) this.#waiting.set(message.kind, message);
        else this.#post(message);
        return;
      case 'log':
      case 'spans':
        if (!this.isStalled) this.#post(message);
        return;
      default:
        this.#flush();
        this.#post(message);
    }
  }

  /** The snapshot has arrived. */
  received(): void {
    this.#postedMs = undefined;
    this.#flush();
  }

  /** The receiver does not respond. */
  get isStalled(): boolean {
    return this.#postedMs !== undefined && this.#nowMs() - this.#postedMs > STALL_MS;
  }

  #flush(): void {
    for (const message of this.#waiting.values()) {
      if (message.kind === 'snapshot') this.#postSnapshot(message);
      else this.#post(message);
    }
    this.#waiting.clear();
  }

  #postSnapshot(message: ViewMessage): void {
    this.#postedMs ??= this.#nowMs();
    this.#post(message);
  }
}
