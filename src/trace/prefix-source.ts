import type { Random } from '../util/random.js';
import type { PrefixModel } from './model.js';
import { type QuantileTable, tableQuantile } from './quantile-table.js';

/** Requests whose blocks can be shared by later ones, and their blocks: at most 64 MB. */
const MOST_REQUESTS = 65_536;
const MOST_BLOCKS = 8_000_000;
/** Blocks whose last use is known: 64 MB. */
const MOST_USES = 2 ** 22;
/** Requests to look at around the age that was drawn. */
const SEARCH = 8192;

/** Makes hash IDs that share leading blocks with earlier requests as the model says. IDs count from 0. */
export class PrefixSource {
  readonly #model: PrefixModel;
  readonly #random: Random;
  /** Blocks of recent requests, in a ring by request number. */
  readonly #recent: Float64Array[] = [];
  /** The ID of each slot, and the request that used it last. A slot belongs to its latest user. */
  readonly #usedIds = new Float64Array(MOST_USES).fill(-1);
  readonly #usedBy = new Float64Array(MOST_USES);
  #requests = 0;
  #oldest = 0;
  #blocks = 0;
  #nextId = 0;

  constructor(model: PrefixModel, random: Random) {
    this.#model = model;
    this.#random = random;
  }

  /**
   * The IDs of a prompt, and how many of them are not new. @param previous the IDs of the turn before it; absent for a
   * first turn.
   */
  idsFor(
    inputLength: number,
    previous: Float64Array | undefined,
  ): { readonly ids: Float64Array; readonly hits: number } {
    const { block_size, partial_block, with_ids } = this.#model;
    const full = inputLength / block_size;
    const isWithout = with_ids < 1 && this.#random.uniform() >= with_ids;
    const blocks = isWithout ? 0 : partial_block ? Math.ceil(full) : Math.floor(full);
    const shared = previous === undefined ? this.#sharedBy(blocks) : this.#keptOf(previous, blocks);
    const ids = new Float64Array(blocks);
    ids.set(shared);
    for (let i = shared.length; i < blocks; i++) ids[i] = this.#nextId++;
    this.#remember(ids);
    return { ids, hits: shared.length };
  }

  #keptOf(previous: Float64Array, blocks: number): Float64Array {
    const { kept } = this.#model;
    const share = kept === null ? 0 : tableQuantile(kept, this.#random.uniform());
    return previous.subarray(0, Math.min(blocks, Math.round(share * previous.length)));
  }

  #sharedBy(blocks: number): Float64Array {
    const hits = this.#drawn(this.#model.hits, blocks);
    const wanted = Math.min(blocks, Math.max(0, hits));
    if (wanted === 0 || this.#requests === this.#oldest) return new Float64Array(0);
    const age = Math.max(1, this.#drawn(this.#model.ages, wanted));
    const from = this.#nearest(this.#requests - age, wanted);
    return this.#at(from).subarray(0, wanted);
  }

  /**
   * The remembered request nearest to this one that was the last with its first `blocks` blocks; without such a one, one
   * with as many blocks as possible.
   */
  #nearest(request: number, blocks: number): number {
    const start = Math.max(this.#oldest, Math.min(this.#requests - 1, request));
    const farthest = Math.min(SEARCH, this.#requests - this.#oldest);
    let longest = start;
    for (let distance = 0; distance < farthest; distance++) {
      for (const at of [start - distance, start + distance]) {
        if (at < this.#oldest || at >= this.#requests) continue;
        const ids = this.#at(at);
        if (ids.length >= blocks && this.#isLastUser(at, ids[blocks - 1] ?? 0)) return at;
        if (Math.min(blocks, ids.length) > Math.min(blocks, this.#at(longest).length)) longest = at;
      }
    }
    return longest;
  }

  /** Also if its last use is not known. An ID stands for all blocks before it, too. */
  #isLastUser(request: number, id: number): boolean {
    const slot = id % MOST_USES;
    return this.#usedIds[slot] !== id || this.#usedBy[slot] === request;
  }

  #drawn(classes: PrefixModel['hits'], blocks: number): number {
    const found = classes.findLast(({ from }) => from <= blocks) ?? classes[0];
    const table: QuantileTable = found?.quantiles ?? [];
    return Math.round(tableQuantile(table, this.#random.uniform()));
  }

  #remember(ids: Float64Array): void {
    while (
      this.#requests > this.#oldest &&
      (this.#requests - this.#oldest >= MOST_REQUESTS || this.#blocks + ids.length > MOST_BLOCKS)
    ) {
      this.#blocks -= this.#at(this.#oldest++).length;
    }
    for (const id of ids) {
      this.#usedIds[id % MOST_USES] = id;
      this.#usedBy[id % MOST_USES] = this.#requests;
    }
    this.#recent[this.#requests++ % MOST_REQUESTS] = ids;
    this.#blocks += ids.length;
  }

  #at(request: number): Float64Array {
    return this.#recent[request % MOST_REQUESTS] ?? new Float64Array(0);
  }
}
