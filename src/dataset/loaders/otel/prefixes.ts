import type { Call } from './call.js';

/** The hash ids of a call's prompt. @param before the call whose prompt it may go on from: the agent's last; undefined: none. */
export type PrefixBlocks = (call: Call, before: Call | undefined) => readonly number[];

/**
 * Blocks of prompts without content. A prompt shares the whole blocks of the one before it that the server had cached;
 * where the trace does not tell, all of it if it is not longer than the prompt.
 */
export function openPrefixes(blockSize: number): PrefixBlocks {
  const blocksOf = new Map<Call, readonly number[]>();
  let made = 0;
  return (call, before) => {
    const { inputTokens = 1, cachedTokens } = call;
    const earlier = before?.inputTokens ?? 0;
    const cached = cachedTokens ?? (inputTokens >= earlier ? earlier : 0);
    const shared = Math.floor(Math.min(cached, earlier, inputTokens) / blockSize);
    const known = before === undefined ? [] : (blocksOf.get(before) ?? []);
    const blocks = known.slice(0, shared);
    while (blocks.length < Math.ceil(inputTokens / blockSize)) blocks.push(made++);
    blocksOf.set(call, blocks);
    return blocks;
  };
}
