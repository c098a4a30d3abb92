import { createHash } from 'node:crypto';

/** Tokens per block; only complete blocks are cached. */
const blockTokens = 512;
// 2^18 blocks are 134 million tokens: more than real servers cache, with little memory here.
const capacityBlocks = 262_144;

/** An LRU cache of prompt prefixes, by block. */
export class PrefixCache {
  readonly #blockBytes: number;
  /** In order of last use. */
  readonly #blocks = new Set<string>();

  constructor(bytesPerToken: number) {
    this.#blockBytes = Math.round(blockTokens * bytesPerToken);
  }

  /**
   * Returns how many leading tokens of `prompt` are cached, and caches the prompt. The block with the last token is
   * always recomputed, as servers do to get a first token.
   */
  take(prompt: string): number {
    const bytes = Buffer.from(prompt);
    let hits = 0;
    let unbroken = true;
    let chain = '';
    for (let end = this.#blockBytes; end < bytes.length; end += this.#blockBytes) {
      // A block is only the same if all blocks before it are.
      chain = createHash('sha1')
        .update(chain)
        .update(bytes.subarray(end - this.#blockBytes, end))
        .digest('base64');
      unbroken = this.#blocks.delete(chain) && unbroken;
      if (unbroken) hits++;
      this.#blocks.add(chain);
    }
    for (const oldest of this.#blocks) {
      if (this.#blocks.size <= capacityBlocks) break;
      this.#blocks.delete(oldest);
    }
    return hits * blockTokens;
  }

  /** Forgets all blocks. */
  clear(): void {
    this.#blocks.clear();
  }
}
