import type { HashId } from '../dataset/hash-id.js';
import type { RowTurn } from '../dataset/loaders/format.js';
import { PREFIX_WORDS, PrefixKeys } from './prefix-keys.js';

/** A prompt whose text is in its row. */
export interface PromptTokens {
  /** Tokens. */
  readonly inputLength: number;
  readonly hashIds: readonly HashId[];
  /** The output limit in its body; undefined: none. */
  readonly maxTokens: number | undefined;
}

/** Reads what a turn adds to the prompt. */
export interface TextReader {
  read(turn: RowTurn): PromptTokens;
}

/**
 * An ID for each block of a prompt, of 53 bits: it stands for the whole prefix up to the end of its block. The last
 * block may be shorter. Among 2^20 prefixes the probability that any two collide is 2^39 pairs / 2^53, i.e. 1 in 16,000.
 */
export class BlockHashes {
  readonly #blockSize: number;
  readonly #keys = new PrefixKeys();

  /** @param blockSize tokens per block. */
  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  of(tokens: Uint32Array): HashId[] {
    const keys = this.#keys.of(tokens);
    return Array.from({ length: Math.ceil(tokens.length / this.#blockSize) }, (_, block) => {
      const last = Math.min(tokens.length, (block + 1) * this.#blockSize) - 1;
      const at = last * PREFIX_WORDS;
      return ((keys[at] ?? 0) & 0x1f_ffff) * 2 ** 32 + (keys[at + 1] ?? 0);
    });
  }
}
