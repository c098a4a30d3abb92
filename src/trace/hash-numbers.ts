import { type HashId, highWord, lowWord } from '../dataset/hash-id.js';
import { KeyTable } from './key-table.js';

/**
 * Numbers hash IDs 0, 1, 2 … in order of first appearance: hashes of texts would let a guessed text be tested. Takes up
 * to 64 bytes per distinct ID.
 */
export class HashNumbers {
  readonly #table = new KeyTable(2);

  of(ids: readonly HashId[]): number[] {
    return ids.map((id) => this.#table.first(Uint32Array.of(lowWord(id), highWord(id)), 0, this.#table.size));
  }
}
