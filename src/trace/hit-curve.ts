import { mix } from '../util/random.js';
import { KeyTable } from './key-table.js';
import { PREFIX_WORDS } from './prefix-keys.js';
import { UseOrder } from './use-order.js';

/** Prefix-cache hit rate by cache size. */
export interface HitCurveFigures {
  /** The share of distinct blocks that were followed: 1 is exact. */
  readonly sampledShare: number;
  /** In order of size, up to the size that holds everything. */
  readonly points: readonly { readonly blocks: number; readonly hitRate: number }[];
}

/** Distinct blocks that are followed at once: 64 MB. */
const MOST_BLOCKS = 2 ** 20;

/** Cache sizes: eight per factor of 2 up to 2^48, and 1, 2 and 5 times powers of 10. */
const SIZES = Float64Array.from(
  new Set([
    ...Array.from({ length: 8 * 48 + 1 }, (_, i) => Math.round(2 ** (i / 8))),
    ...Array.from({ length: 14 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat(),
  ]),
).sort();

/**
 * Hit rates of LRU prefix caches of all sizes in one pass, by stack distances (Mattson, Gecsei, Slutz and Traiger 1970):
 * a block is hit by every cache of at least as many blocks as were used since its last use, itself included. The caches
 * are those of `LruCache`: a request hits its leading cached blocks, and of one request the last block is evicted first,
 * so a block is never evicted after one that it leads to, and each hit block is a leading one.
 *
 * Beyond `mostBlocks` distinct blocks, half of the followed ones are dropped by their hash, as often as needed, and
 * distances are scaled (SHARDS with a fixed size and its correction: Waldspurger, Park, Garthwaite and Ahmad 2015).
 */
export class HitCurve {
  readonly #mostBlocks: number;
  readonly #table = new KeyTable(PREFIX_WORDS);
  readonly #order: UseOrder;
  /** Blocks whose hash is below it are followed. */
  #threshold = 2 ** 32;
  /** Hits by index of the smallest size that has them, at the current share. */
  readonly #hits = new Float64Array(SIZES.length);
  /** Followed uses at the current share. */
  #followedUses = 0;
  #uses = 0;
  /** The followed blocks of a request. */
  #request = new Uint32Array(1024);

  constructor(mostBlocks = MOST_BLOCKS) {
    this.#mostBlocks = mostBlocks;
    this.#order = new UseOrder(mostBlocks);
  }

  /** @param prefixes the keys of the request's blocks, each covering all blocks before it. */
  add(prefixes: Uint32Array): void {
    const blocks = prefixes.length / PREFIX_WORDS;
    if (blocks > this.#request.length) this.#request = new Uint32Array(2 * blocks);
    this.#uses += blocks;
    let followed = 0;
    for (let at = 0; at < prefixes.length; at += PREFIX_WORDS) {
      if (hashOf(prefixes, at) >= this.#threshold) continue;
      const isFull = this.#table.size === this.#mostBlocks;
      if (isFull) followed = this.#halve(followed);
      if (isFull && hashOf(prefixes, at) >= this.#threshold) continue;
      const block = this.#table.first(prefixes, at, this.#table.size);
      this.#followedUses++;
      const depth = this.#order.depth(block);
      if (depth > 0) this.#hit(depth);
      this.#request[followed++] = block;
    }
    for (let i = followed - 1; i >= 0; i--) this.#order.use(this.#request[i] ?? 0);
  }

  figures(): HitCurveFigures {
    const sampledShare = this.#threshold / 2 ** 32;
    const expected = this.#uses * sampledShare;
    // Uses that the sample has too few or too many are those of the blocks used most: hits at small distances.
    let hits = sampledShare === 1 ? 0 : expected - this.#followedUses;
    const last = this.#hits.findLastIndex((count) => count > 0);
    const points: { blocks: number; hitRate: number }[] = [];
    for (let i = 0; i <= last; i++) {
      hits += this.#hits[i] ?? 0;
      // Smaller caches hold less than ten followed blocks.
      if (sampledShare < 1 && (SIZES[i] ?? 0) * sampledShare < 10) continue;
      points.push({ blocks: SIZES[i] ?? 0, hitRate: Math.min(1, Math.max(0, hits / expected)) });
    }
    return { sampledShare, points };
  }

  #hit(depth: number): void {
    const share = this.#threshold / 2 ** 32;
    // Of the blocks above, only a share is followed.
    const blocks = (depth - 1) / share + 1;
    const size = sizeFor(blocks);
    this.#hits[size] = (this.#hits[size] ?? 0) + 1;
  }

  /** Drops the blocks of the upper half of the hashes. @returns how many of the current request are left. */
  #halve(followed: number): number {
    this.#threshold /= 2;
    const count = this.#table.size;
    const kept = new Uint32Array(count * PREFIX_WORDS);
    const numbers = new Int32Array(count).fill(-1);
    let left = 0;
    for (let block = 0; block < count; block++) {
      const key = this.#table.keyAt(block);
      if (hashOf(key, 0) >= this.#threshold) continue;
      kept.set(key, left * PREFIX_WORDS);
      numbers[block] = left++;
    }
    this.#table.clear();
    for (let block = 0; block < left; block++) this.#table.first(kept, block * PREFIX_WORDS, block);
    this.#order.keep((block) => numbers[block] ?? -1);
    for (let i = 0; i < this.#hits.length; i++) this.#hits[i] = (this.#hits[i] ?? 0) / 2;
    this.#followedUses /= 2;
    let stay = 0;
    for (let i = 0; i < followed; i++) {
      const number = numbers[this.#request[i] ?? 0] ?? -1;
      if (number !== -1) this.#request[stay++] = number;
    }
    return stay;
  }
}

function hashOf(key: Uint32Array, at: number): number {
  return mix(key[at] ?? 0, key[at + 1] ?? 0);
}

/** Index of the smallest size of at least so many blocks. */
function sizeFor(blocks: number): number {
  let low = 0;
  let high = SIZES.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((SIZES[middle] ?? 0) >= blocks) high = middle;
    else low = middle + 1;
  }
  return low;
}
