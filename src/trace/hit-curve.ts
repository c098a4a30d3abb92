import { PREFIX_WORDS } from './prefix-keys.js';
import { SampledKeys } from './sampled-keys.js';
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
 * Beyond `mostBlocks` distinct blocks, a sample of them is followed and distances are scaled (SHARDS with a fixed size
 * and its correction: Waldspurger, Park, Garthwaite and Ahmad 2015).
 */
export class HitCurve {
  readonly #keys: SampledKeys;
  readonly #order: UseOrder;
  /** Hits by index of the smallest size that has them, at the current share. */
  readonly #hits = new Float64Array(SIZES.length);
  /** Followed uses at the current share. */
  #followedUses = 0;
  #uses = 0;
  /** The followed blocks of the current request. */
  #request = new Uint32Array(1024);
  #followed = 0;

  constructor(mostBlocks = MOST_BLOCKS) {
    this.#order = new UseOrder(mostBlocks);
    this.#keys = new SampledKeys(mostBlocks, (renumbered) => this.#halve(renumbered));
  }

  /** @param prefixes the keys of the request's blocks, each covering all blocks before it. */
  add(prefixes: Uint32Array): void {
    const blocks = prefixes.length / PREFIX_WORDS;
    if (blocks > this.#request.length) this.#request = new Uint32Array(2 * blocks);
    this.#uses += blocks;
    this.#followed = 0;
    for (let at = 0; at < prefixes.length; at += PREFIX_WORDS) {
      const block = this.#keys.of(prefixes, at);
      if (block === -1) continue;
      this.#followedUses++;
      const depth = this.#order.depth(block);
      if (depth > 0) this.#hit(depth);
      this.#request[this.#followed++] = block;
    }
    for (let i = this.#followed - 1; i >= 0; i--) this.#order.use(this.#request[i] ?? 0);
  }

  figures(): HitCurveFigures {
    const sampledShare = this.#keys.share;
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
    // Of the blocks above, only a share is followed.
    const blocks = (depth - 1) / this.#keys.share + 1;
    const size = sizeFor(blocks);
    this.#hits[size] = (this.#hits[size] ?? 0) + 1;
  }

  #halve(renumbered: (block: number) => number): void {
    this.#order.keep(renumbered);
    for (let i = 0; i < this.#hits.length; i++) this.#hits[i] = (this.#hits[i] ?? 0) / 2;
    this.#followedUses /= 2;
    let left = 0;
    for (let i = 0; i < this.#followed; i++) {
      const block = renumbered(this.#request[i] ?? 0);
      if (block !== -1) this.#request[left++] = block;
    }
    this.#followed = left;
  }
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
