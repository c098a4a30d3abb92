import { GrowingArray } from './growing-array.js';
import { SessionIndex } from './session-index.js';
import type { TimedRow } from './timed-rows.js';

/** A later turn of a session, relative to the turn before it. */
export interface LaterTurn {
  readonly previousInput: number;
  readonly previousBlocks: number;
  /** Time after the turn before it, if the row has a timestamp, else its delay; undefined without either. */
  readonly thinkMs: number | undefined;
}

/** Follows the turns of sessions through a trace; at most 128 bytes per session. */
export class SessionTurns {
  readonly #index = new SessionIndex();
  readonly #turns = new GrowingArray();
  readonly #times = new GrowingArray();
  readonly #inputs = new GrowingArray();
  readonly #blocks = new GrowingArray();
  /** Rows without a session: each is one of one turn. */
  #alone = 0;

  /** Undefined for the first turn of a session, and for a row without one. */
  next(row: TimedRow, input: number): LaterTurn | undefined {
    if (row.sessionId === undefined) {
      this.#alone++;
      return undefined;
    }
    const known = this.#index.size;
    const session = this.#index.of(row.sessionId);
    const later: LaterTurn | undefined =
      session === known
        ? undefined
        : {
            previousInput: this.#inputs.get(session),
            previousBlocks: this.#blocks.get(session),
            thinkMs: row.timestampMs === undefined ? row.delayMs : row.timeMs - this.#times.get(session),
          };
    this.#turns.set(session, this.#turns.get(session) + 1);
    this.#times.set(session, row.timeMs);
    this.#inputs.set(session, input);
    this.#blocks.set(session, row.hashIds.length);
    return later;
  }

  /** The number of turns of each session so far. */
  *turnCounts(): Generator<number> {
    for (let row = 0; row < this.#alone; row++) yield 1;
    for (let session = 0; session < this.#index.size; session++) yield this.#turns.get(session);
  }
}
