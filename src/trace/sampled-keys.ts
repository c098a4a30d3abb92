import { mix } from '../util/random.js';
import { KeyTable } from './key-table.js';
import { PREFIX_WORDS } from './prefix-keys.js';

/**
 * Numbers keys, all of them while they are few. Beyond `most`, the half with the higher hashes is dropped, as often as
 * needed: a sample by key with bounded memory (SHARDS: Waldspurger, Park, Garthwaite and Ahmad 2015).
 */
export class SampledKeys {
  readonly #most: number;
  readonly #table = new KeyTable(PREFIX_WORDS);
  readonly #onHalve: (renumbered: (index: number) => number) => void;
  /** Keys whose hash is below it are in the sample. */
  #threshold = 2 ** 32;

  /** @param onHalve is called with the new number of each key; -1 for those that are dropped. */
  constructor(most: number, onHalve: (renumbered: (index: number) => number) => void) {
    this.#most = most;
    this.#onHalve = onHalve;
  }

  /** The share of all keys that is in the sample. */
  get share(): number {
    return this.#threshold / 2 ** 32;
  }

  /** The number of the key at `words[at]`, a new one if needed; -1 if it is not in the sample. */
  of(words: Uint32Array, at: number): number {
    const hash = hashOf(words, at);
    while (hash < this.#threshold && this.#table.size >= this.#most) {
      if (this.#table.find(words, at) !== undefined) break;
      this.#halve();
    }
    return hash < this.#threshold ? this.#table.first(words, at, this.#table.size) : -1;
  }

  #halve(): void {
    this.#threshold /= 2;
    const count = this.#table.size;
    const kept = new Uint32Array(count * PREFIX_WORDS);
    const numbers = new Int32Array(count).fill(-1);
    let left = 0;
    for (let index = 0; index < count; index++) {
      const key = this.#table.keyAt(index);
      if (hashOf(key, 0) >= this.#threshold) continue;
      kept.set(key, left * PREFIX_WORDS);
      numbers[index] = left++;
    }
    this.#table.clear();
    for (let index = 0; index < left; index++) this.#table.first(kept, index * PREFIX_WORDS, index);
    this.#onHalve((index) => numbers[index] ?? -1);
  }
}

function hashOf(key: Uint32Array, at: number): number {
  return mix(key[at] ?? 0, key[at + 1] ?? 0);
}
