import { type HashId, highWord, lowWord } from '../dataset/hash-id.js';
import { Bits } from './bits.js';
import { KeyTable } from './key-table.js';
import { Occurrences, partitionOf } from './occurrences.js';
import { PREFIX_WORDS } from './prefix-keys.js';

/** What the requests of a trace share, as defined by AIPerf's `analyze-trace`. */
export interface SharingFigures {
  /** Number of distinct leading sublists of IDs of any length. */
  readonly uniquePrefixes: number;
  /** Number of distinct first IDs shared by at least two requests. */
  readonly prefixGroups: number;
  /** Occurrences of prefixes that occur more than once, as a fraction of all; 0 without IDs. */
  readonly prefixReuseRatio: number;
}

/** What one request shares with others. */
export interface Shared {
  /** Number of leading IDs that occurred in an earlier request, at any position. */
  readonly leadingIds: number;
  /** Number of blocks whose ID is at the same position in another request. */
  readonly repeatedBlocks: number;
}

/** A block is an ID and its position in the request: two words and one. */
const BLOCK_WORDS = 3;
const ID_WORDS = 2;

/** The blocks of all requests in trace order, collected in the first pass. */
export class Blocks {
  readonly #occurrences: Occurrences;
  readonly #block = new Uint32Array(BLOCK_WORDS);

  /** @param bufferBytes size of the buffer in memory. */
  constructor(bufferBytes: number) {
    this.#occurrences = new Occurrences(BLOCK_WORDS, bufferBytes);
  }

  add(hashIds: readonly HashId[]): void {
    const block = this.#block;
    for (let place = 0; place < hashIds.length; place++) {
      const id = hashIds[place] ?? 0;
      block[0] = lowWord(id);
      block[1] = highWord(id);
      block[2] = place;
      this.#occurrences.add(block, 0);
    }
  }

  /** Finds the repeated blocks, after all were added. */
  repeats(): Repeats {
    const counts = this.#occurrences.counts();
    const total = counts.reduce((sum, count) => sum + count, 0);
    const repeats: Repeats = {
      counts,
      total,
      knownIds: new Bits(total),
      repeatedBlocks: new Bits(total),
      prefixGroups: 0,
    };
    const ids = new KeyTable(ID_WORDS);
    const blocks = new KeyTable(BLOCK_WORDS);
    let occurrence = 0;
    for (const partition of this.#occurrences.partitions()) {
      ids.clear();
      blocks.clear();
      for (const words of partition) {
        for (let at = 0; at < words.length; at += BLOCK_WORDS) {
          if (ids.first(words, at, occurrence) !== occurrence) repeats.knownIds.add(occurrence);
          const first = blocks.first(words, at, occurrence);
          if (first !== occurrence) {
            repeats.repeatedBlocks.add(occurrence);
            if (repeats.repeatedBlocks.add(first) && words[at + ID_WORDS] === 0) repeats.prefixGroups++;
          }
          occurrence++;
        }
      }
    }
    return repeats;
  }

  close(): void {
    this.#occurrences.close();
  }
}

/** The repeated blocks of a trace, by partition and order within it. */
interface Repeats {
  /** Number of blocks per partition. */
  readonly counts: Float64Array;
  readonly total: number;
  /** Blocks whose ID occurred earlier, at any position. */
  readonly knownIds: Bits;
  /** Blocks that occur at the same position in another request. */
  readonly repeatedBlocks: Bits;
  prefixGroups: number;
}

/** Finds what requests share, in the second pass over the trace. */
export class Sharing {
  readonly #repeats: Repeats;
  /** By partition: index of its next block among all blocks. */
  readonly #next: Float64Array;
  /** Prefixes consisting only of repeated blocks; every other prefix is unique. */
  readonly #prefixes: Occurrences;
  #prefixCount = 0;

  /** @param bufferBytes size of the buffer in memory. */
  constructor(repeats: Repeats, bufferBytes: number) {
    this.#repeats = repeats;
    let start = 0;
    this.#next = repeats.counts.map((count) => {
      start += count;
      return start - count;
    });
    this.#prefixes = new Occurrences(PREFIX_WORDS, bufferBytes);
  }

  /** Adds the requests in the order of the first pass. @param prefixes the keys of the request's prefixes. */
  add(hashIds: readonly HashId[], prefixes: Uint32Array): Shared {
    let leadingIds = 0;
    let leadingBlocks = 0;
    let repeatedBlocks = 0;
    for (let place = 0; place < hashIds.length; place++) {
      const id = hashIds[place] ?? 0;
      const partition = partitionOf(lowWord(id), highWord(id));
      const block = this.#next[partition] ?? 0;
      this.#next[partition] = block + 1;
      // If this request repeats an ID that was new in it, `leadingIds` has already stopped at its first occurrence.
      if (leadingIds === place && this.#repeats.knownIds.has(block)) leadingIds++;
      if (!this.#repeats.repeatedBlocks.has(block)) continue;
      repeatedBlocks++;
      if (leadingBlocks !== place) continue;
      leadingBlocks++;
      this.#prefixes.add(prefixes, place * PREFIX_WORDS);
      this.#prefixCount++;
    }
    return { leadingIds, repeatedBlocks };
  }

  /** Call after all requests were added. */
  figures(): SharingFigures {
    const { total, prefixGroups } = this.#repeats;
    const repeated = new Bits(this.#prefixCount);
    const table = new KeyTable(PREFIX_WORDS);
    let prefix = 0;
    let unique = total - this.#prefixCount;
    for (const partition of this.#prefixes.partitions()) {
      table.clear();
      for (const words of partition) {
        for (let at = 0; at < words.length; at += PREFIX_WORDS) {
          const first = table.first(words, at, prefix);
          if (first === prefix) unique++;
          else {
            repeated.add(first);
            repeated.add(prefix);
          }
          prefix++;
        }
      }
    }
    return {
      uniquePrefixes: unique,
      prefixGroups,
      prefixReuseRatio: total === 0 ? 0 : repeated.size / total,
    };
  }

  close(): void {
    this.#prefixes.close();
  }
}
