import type { Nats } from './connection.js';
import { type FollowOptions, followKeys } from './follow.js';

/** A key as it was seen last. */
export interface SeenKey {
  readonly text: string;
  readonly revision: number;
  /** When that was, monotonic ms. */
  readonly atMs: number;
}

/** Called with a key and its value. */
export type KeyListener = (key: string, text: string) => void;

/** The keys in the bucket of a run, as this process has seen them. */
export class RunKeys {
  readonly #seen = new Map<string, SeenKey>();
  readonly #listeners = new Set<KeyListener>();

  /** Follows them until the signal. */
  constructor(nats: Nats, bucket: string, nowMs: () => number, options: FollowOptions) {
    const take = (key: string, text: string | undefined, revision: number) => {
      if (text === undefined) return;
      this.#seen.set(key, { text, revision, atMs: nowMs() });
      for (const listener of [...this.#listeners]) listener(key, text);
    };
    void followKeys(nats, bucket, take, options);
  }

  has(key: string): boolean {
    return this.#seen.has(key);
  }

  /** Its value; undefined: it was not seen. */
  textOf(key: string): string | undefined {
    return this.#seen.get(key)?.text;
  }

  seen(key: string): SeenKey | undefined {
    return this.#seen.get(key);
  }

  /** Calls `onKey` with each key that is there, and with each change. @returns a function that stops it. */
  listen(onKey: KeyListener): () => void {
    this.#listeners.add(onKey);
    for (const [key, { text }] of this.#seen) onKey(key, text);
    return () => this.#listeners.delete(onKey);
  }

  /** Waits until `find` returns something; it is asked at each change, and once when the signal is aborted. */
  async waitFor<Found>(find: () => Found | undefined, until: AbortSignal): Promise<Found | undefined> {
    for (;;) {
      const found = find();
      if (found !== undefined || until.aborted) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#listeners.delete(wake);
          until.removeEventListener('abort', wake);
          resolve();
        };
        this.#listeners.add(wake);
        until.addEventListener('abort', wake, { once: true });
      });
    }
  }
}
