import { PairTable } from './pair-table.js';

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
  /** Its prefixes from the shortest to the longest, each by a number of its own. */
  readonly prefixes: readonly number[];
  /** How many of its leading prefixes an earlier request had. */
  readonly leadingPrefixes: number;
  /** How many of its leading ids stood in an earlier request, at whatever place. */
  readonly leadingIds: number;
}

/** Finds what requests share, from their block ids in the order of the trace. Three table entries a distinct block. */
export class Sharing {
  readonly #ids = new PairTable();
  readonly #prefixes = new PairTable();
  readonly #places = new PairTable();

  add(hashIds: readonly number[]): Shared {
    const unseen = hashIds.findIndex((id) => this.#ids.find(0, id) === undefined);
    const prefixes: number[] = [];
    let leadingPrefixes = 0;
    let parent = ROOT;
    for (const [place, id] of hashIds.entries()) {
      this.#ids.add(0, id);
      this.#places.add(place, id);
      const prefix = this.#prefixes.add(parent, id);
      if (this.#prefixes.count(prefix) > 1) leadingPrefixes = place + 1;
      prefixes.push(prefix);
      parent = prefix + 1;
    }
    return { prefixes, leadingPrefixes, leadingIds: unseen === -1 ? hashIds.length : unseen };
  }

  /** Blocks of a request whose id stands at the same place in another one; only right when all were added. */
  repeatedBlocks(hashIds: readonly number[]): number {
    return hashIds.reduce((sum, id, place) => {
      const found = this.#places.find(place, id);
      return sum + (found !== undefined && this.#places.count(found) > 1 ? 1 : 0);
    }, 0);
  }

  figures(): SharingFigures {
    let all = 0;
    let repeated = 0;
    let prefixGroups = 0;
    for (let prefix = 0; prefix < this.#prefixes.size; prefix++) {
      const count = this.#prefixes.count(prefix);
      all += count;
      if (count < 2) continue;
      repeated += count;
      if (this.#prefixes.first(prefix) === ROOT) prefixGroups++;
    }
    return {
      uniquePrefixes: this.#prefixes.size,
      prefixGroups,
      prefixReuseRatio: all === 0 ? 0 : repeated / all,
    };
  }
}

/** Stands for the empty prefix; others are told by their number + 1. */
const ROOT = 0;
