import { createHash } from 'node:crypto';

/** Tokens of a block: what is cached is a whole number of them. */
const blockTokens = 512;
// 2^18 blocks stand for 134 million tokens: more than servers hold, little enough for us.
const capacityBlocks = 262_144;

/** Remembers the beginnings of prompts block by block, and forgets those longest out of use. */
export class PrefixCache {
  readonly #blockBytes: number;
  /** In order of last use. */
  readonly #blocks = new Set<string>();

  constructor(bytesPerToken: number) {
    this.#blockBytes = Math.round(blockTokens * bytesPerToken);
  }

  /**
   * Tokens at the start of `prompt` that an earlier prompt began with too; from now on all of this prompt is
   * known. The block with the last token is always worked out anew, as servers do to get a first token.
   */
  take(prompt: string): number {
    const bytes = Buffer.from(prompt);
    let hits = 0;
    let unbroken = true;
    let chain = '';
    for (let end = this.#blockBytes; end < bytes.length; end += this.#blockBytes) {
      // A block counts only after the same blocks before it.
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
}
