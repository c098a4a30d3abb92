import { KeyTable } from './key-table.js';
import { PREFIX_WORDS, textKey } from './prefix-keys.js';

/**
 * Numbers sessions in order of their first row, from 0. Holds a 128-bit hash of each ID instead of the text: 32 to 64
 * bytes per session.
 */
export class SessionIndex {
  readonly #table = new KeyTable(PREFIX_WORDS);
  #size = 0;

  /** Sessions seen so far: a row is the first of its session if its number is the size before. */
  get size(): number {
    return this.#size;
  }

  of(sessionId: string): number {
    const index = this.#table.first(textKey(sessionId), 0, this.#size);
    if (index === this.#size) this.#size++;
    return index;
  }
}
