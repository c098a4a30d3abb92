import type { Random } from '../util/random.js';
import { blockStreams, finalBlockTokens, type PromptMaker } from './prompts.js';

/** Generates prompts that are token IDs, sent without a tokenizer in between. */
export type TokenIdSource = PromptMaker<number[]>;

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
