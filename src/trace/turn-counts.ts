import type { SessionFigures } from './figures.js';
import { GrowingArray } from './growing-array.js';
import { SessionIndex } from './session-index.js';
import { ValueCounts } from './value-counts.js';

/** Counts the turns of each session; a row without a session counts as one of one turn. */
export class TurnCounts {
  readonly #index = new SessionIndex();
  readonly #turns = new GrowingArray();
  #alone = 0;

  add(sessionId: string | undefined): void {
    if (sessionId === undefined) {
      this.#alone++;
      return;
    }
    const session = this.#index.of(sessionId);
    this.#turns.set(session, this.#turns.get(session) + 1);
  }

  /** Undefined if no row had a session. */
  figures(): SessionFigures | undefined {
    const named = this.#index.size;
    if (named === 0) return undefined;
    const counts = new ValueCounts();
    let requests = this.#alone;
    let multiTurn = 0;
    let multiTurnRequests = 0;
    for (let row = 0; row < this.#alone; row++) counts.add(1);
    for (let session = 0; session < named; session++) {
      const turns = this.#turns.get(session);
      counts.add(turns);
      requests += turns;
      if (turns < 2) continue;
      multiTurn++;
      multiTurnRequests += turns;
    }
    const turns = counts.statistics();
    if (turns === undefined) return undefined;
    return {
      count: this.#alone + named,
      multiTurnShare: multiTurn / (this.#alone + named),
      multiTurnRequestShare: multiTurnRequests / requests,
      turns,
    };
  }
}
