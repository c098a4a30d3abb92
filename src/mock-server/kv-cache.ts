/** Tokens of a block. */
export const kvBlockTokens = 16;

/** Blocks that hold so many tokens. */
export function blocksOf(tokens: number): number {
  return Math.ceil(tokens / kvBlockTokens);
}

/** A KV cache of limited size. A single request may take more than there is: else it would never end. */
export class KvCache {
  #freeBlocks: number;

  constructor(tokens: number) {
    this.#freeBlocks = Math.floor(tokens / kvBlockTokens);
  }

  get freeBlocks(): number {
    return this.#freeBlocks;
  }

  /** @param blocks fewer than 0 are given back. */
  take(blocks: number): void {
    this.#freeBlocks -= blocks;
  }
}
