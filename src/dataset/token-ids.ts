import type { Random } from '../util/random.js';
import type { HashId } from './hash-id.js';
import { blockStreams, finalBlockTokens } from './prompts.js';

/** Generates prompts that are token IDs, sent without a tokenizer in between. */
export interface TokenIdSource {
  /** `tokens` IDs, chosen by `random`. */
  prompt(tokens: number, random: Random): number[];
  /**
   * `inputLength` IDs: one block of `blockSize` IDs per hash ID, which depends only on the seed and its hash ID. The last
   * block is cut to the remaining length; if more remains, IDs drawn from `random` fill it.
   */
  blocks(hashIds: ArrayLike<HashId>, inputLength: number, blockSize: number, random: Random): number[];
}

/** @param vocabulary the IDs to draw from, all equally likely. */
export function openTokenIds(vocabulary: Uint32Array, seed: number): TokenIdSource {
  const streams = blockStreams(seed);

  return {
    prompt(tokens, random) {
      const ids: number[] = [];
      draw(tokens, random, ids);
      return ids;
    },
    blocks(hashIds, inputLength, blockSize, random) {
      const final = finalBlockTokens(hashIds.length, inputLength, blockSize);
      const ids: number[] = [];
      for (let place = 0; place < hashIds.length; place++) {
        const isLast = place === hashIds.length - 1;
        draw(isLast ? Math.min(final, blockSize) : blockSize, streams(hashIds[place] ?? 0), ids);
      }
      draw(inputLength - ids.length, random, ids);
      return ids;
    },
  };

  function draw(count: number, random: Random, into: number[]): void {
    for (let i = 0; i < count; i++) into.push(vocabulary[random.integer(vocabulary.length)] ?? 0);
  }
}
