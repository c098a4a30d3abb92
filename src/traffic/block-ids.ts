import { KeyTable } from '../trace/key-table.js';
import { KEY_WORDS } from './salted-hash.js';

/** Keys of a generation; a key takes 32 bytes. One less than a power of two, at which the table would grow. */
const GENERATION_KEYS = 2 ** 22 - 1;

/**
 * Numbers keys 0, 1, 2 … in order of first appearance. Memory is bounded: of two generations of keys the older one is
 * forgotten when the newer one is full, so at least the 4 million keys used last are known (268 MB). A key that comes
 * back after it was forgotten gets a new number, as it would have left any cache of that many blocks.
 */
export class BlockIds {
  readonly #generationKeys: number;
  #newer = new KeyTable(KEY_WORDS);
  #older: KeyTable | undefined;
  #next = 0;

  constructor(generationKeys = GENERATION_KEYS) {
    this.#generationKeys = generationKeys;
  }

  /** The number of distinct ids so far. */
  get size(): number {
    return this.#next;
  }

  /** The number of each key. */
  of(keys: Uint32Array): number[] {
    const ids: number[] = [];
    for (let at = 0; at < keys.length; at += KEY_WORDS) ids.push(this.#idOf(keys, at));
    return ids;
  }

  #idOf(keys: Uint32Array, at: number): number {
    const known = this.#newer.find(keys, at);
    if (known !== undefined) return known;
    const id = this.#older?.find(keys, at) ?? this.#next;
    if (id === this.#next) this.#next++;
    this.#newer.first(keys, at, id);
    if (this.#newer.size >= this.#generationKeys) {
      this.#older = this.#newer;
      this.#newer = new KeyTable(KEY_WORDS);
    }
    return id;
  }
}
