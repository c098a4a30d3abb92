import { type HashId, highWord, lowWord } from '../dataset/hash-id.js';
import { Bits } from './bits.js';
import { KeyTable } from './key-table.js';
import { Occurrences, partitionOf } from './occurrences.js';
import { PREFIX_WORDS } from './prefix-keys.js';

/** What the requests of a trace share, by the definitions of AIPerf's `analyze-trace`. */
export interface SharingFigures {
  /** Distinct leading sub-lists of ids, of all lengths. */
  readonly uniquePrefixes: number;
  /** Distinct first ids that at least two requests begin with. */
  readonly prefixGroups: number;
  /** Occurrences of the prefixes that occur more than once, as a share of all; 0 without ids. */
  readonly prefixReuseRatio: number;
}

/** One request's part in what is shared. */
export interface Shared {
  /** How many of its leading ids stood in an earlier request, at whatever place. */
  readonly leadingIds: number;
  /** Its blocks whose id stands at the same place in another request. */
  readonly repeatedBlocks: number;
}

/** A block is its id and its place in the request: two words and one. */
const BLOCK_WORDS = 3;
const ID_WORDS = 2;

/** The blocks of all requests, in the order of the trace: what its first reading gathers. */
export class Blocks {
  readonly #occurrences: Occurrences;
  readonly #block = new Uint32Array(BLOCK_WORDS);

  /** @param bufferBytes held before a temporary file is used. */
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

  /** Looks which blocks are repeated, when all were added. */
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

/** Of all blocks of a trace, by partition and by their order in it, which are repeated. */
interface Repeats {
  /** Blocks in each partition. */
  readonly counts: Float64Array;
  readonly total: number;
  /** Blocks whose id stood before them, at whatever place. */
  readonly knownIds: Bits;
  /** Blocks that stand at the same place in another request. */
  readonly repeatedBlocks: Bits;
  prefixGroups: number;
}

/** Finds what requests share, in the second reading of the trace. */
export class Sharing {
  readonly #repeats: Repeats;
  /** By partition: where its next block stands among all. */
  readonly #next: Float64Array;
  /** Prefixes all of whose blocks are repeated; each of the others stands in the trace once. */
  readonly #prefixes: Occurrences;
  #prefixCount = 0;

  /** @param bufferBytes held before a temporary file is used. */
  constructor(repeats: Repeats, bufferBytes: number) {
    this.#repeats = repeats;
    let start = 0;
    this.#next = repeats.counts.map((count) => {
      start += count;
      return start - count;
    });
    this.#prefixes = new Occurrences(PREFIX_WORDS, bufferBytes);
  }

  /** Takes the requests in the order of the first reading. @param prefixes the keys of the request's prefixes. */
  add(hashIds: readonly HashId[], prefixes: Uint32Array): Shared {
    let leadingIds = 0;
    let leadingBlocks = 0;
    let repeatedBlocks = 0;
    for (let place = 0; place < hashIds.length; place++) {
      const id = hashIds[place] ?? 0;
      const partition = partitionOf(lowWord(id), highWord(id));
      const block = this.#next[partition] ?? 0;
      this.#next[partition] = block + 1;
      // The first that was unknown to earlier requests cannot be known by this one: that block would stand in front.
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

  /** When all requests were added. */
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
