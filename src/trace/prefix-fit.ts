import type { HashId } from '../dataset/hash-id.js';
import type { PrefixModel } from './model.js';
import { PREFIX_WORDS } from './prefix-keys.js';
import { tableOf } from './quantile-table.js';
import { SampledKeys } from './sampled-keys.js';
import { ValueCounts } from './value-counts.js';

/** Distinct blocks whose last use is known: 48 MB. */
const MOST_BLOCKS = 2 ** 20;

/** What a request shares with earlier ones. */
export interface PrefixUse {
  readonly hashIds: readonly HashId[];
  /** The keys of its prefixes. */
  readonly prefixes: Uint32Array;
  /** Leading blocks that earlier requests had. */
  readonly hits: number;
  readonly inputLength: number;
  /** Blocks of the turn before it; undefined for a first turn. */
  readonly previousBlocks: number | undefined;
}

/**
 * Fits which leading blocks requests share with earlier ones, and how long ago those were sent. The last use of a block
 * is known of a sample beyond 1,048,576 distinct blocks.
 */
export class PrefixFit {
  readonly #blockSize: number;
  readonly #hits = new Map<number, ValueCounts>();
  readonly #ages = new Map<number, ValueCounts>();
  readonly #kept = new ValueCounts();
  readonly #lastUses = new Float64Array(MOST_BLOCKS);
  readonly #keys: SampledKeys;
  #requests = 0;
  #withIds = 0;
  #partial = 0;
  #full = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
    this.#keys = new SampledKeys(MOST_BLOCKS, (renumbered) => {
      const uses = this.#lastUses.slice();
      this.#lastUses.fill(0);
      for (let block = 0; block < MOST_BLOCKS; block++) {
        const number = renumbered(block);
        if (number !== -1) this.#lastUses[number] = uses[block] ?? 0;
      }
    });
  }

  add({ hashIds, prefixes, hits, inputLength, previousBlocks }: PrefixUse): void {
    this.#requests++;
    const blocks = hashIds.length;
    if (blocks === 0) return;
    this.#withIds++;
    const full = Math.floor(inputLength / this.#blockSize);
    if (inputLength % this.#blockSize !== 0) {
      if (blocks > full) this.#partial++;
      else this.#full++;
    }
    if (previousBlocks === undefined) {
      countsOf(this.#hits, blocks).add(hits);
      const block = hits === 0 ? -1 : this.#keys.of(prefixes, (hits - 1) * PREFIX_WORDS);
      const lastUse = block === -1 ? 0 : (this.#lastUses[block] ?? 0);
      if (lastUse > 0) countsOf(this.#ages, hits).add(this.#requests - lastUse);
    } else if (previousBlocks > 0) {
      this.#kept.add(Math.min(1, hits / previousBlocks));
    }
    for (let at = 0; at < prefixes.length; at += PREFIX_WORDS) {
      const block = this.#keys.of(prefixes, at);
      if (block !== -1) this.#lastUses[block] = this.#requests;
    }
  }

  /** Null without hash ids. */
  result(): PrefixModel | null {
    const hits = classTables(this.#hits);
    const kept = this.#kept.distribution();
    if (hits.length === 0) return null;
    return {
      block_size: this.#blockSize,
      partial_block: this.#partial >= this.#full,
      with_ids: this.#withIds / this.#requests,
      hits,
      ages: classTables(this.#ages),
      kept: kept === undefined ? null : [...tableOf(kept)],
    };
  }
}

/** The counts of a class of block counts: four classes per factor of 2, named by their first. */
function countsOf(classes: Map<number, ValueCounts>, blocks: number): ValueCounts {
  const from = Math.ceil(2 ** (Math.floor(4 * Math.log2(blocks)) / 4));
  const counts = classes.get(from) ?? new ValueCounts();
  classes.set(from, counts);
  return counts;
}

function classTables(classes: ReadonlyMap<number, ValueCounts>) {
  return [...classes]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([from, counts]) => {
      const distribution = counts.distribution();
      return distribution === undefined ? [] : [{ from, quantiles: [...tableOf(distribution)] }];
    });
}
