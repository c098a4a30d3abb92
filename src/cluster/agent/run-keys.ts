import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { namesOf } from '../names.js';
import type { Nats } from '../nats/connection.js';
import { followKeys } from '../nats/follow.js';

/** A key as it was seen last. */
export interface SeenKey {
  readonly text: string;
  readonly revision: number;
  /** When that was, monotonic ms. */
  readonly atMs: number;
}

/** The keys of a run, as an agent has seen them. */
export class RunKeys {
  readonly #seen = new Map<string, SeenKey>();

  /** Follows them until the signal. */
  constructor(nats: Nats, run: string, nowMs: () => number, log: Log, signal: AbortSignal) {
    const take = (key: string, text: string | undefined, revision: number) => {
      if (text !== undefined) this.#seen.set(key, { text, revision, atMs: nowMs() });
    };
    const onTrouble = (thrown: unknown) => log('DEBUG', 'agent', messageOf(thrown));
    void followKeys(nats, namesOf(run).bucket, take, { onTrouble, signal });
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
}
