import { dagJsonl } from '../dag-jsonl.js';
import type { RowFormat } from '../format.js';

/** Tokens per block of prompts; the shared parts that the trace records are cut to whole blocks. */
export const ROUND_BLOCK_TOKENS = 64;

/** A key that only such rows have, not one within a text. */
export const roundKeys = /(?<!\\)"newly_append_tokens"\s*:/;

/** Rounds of coding agents as TraceLab publishes them: they are turned into rows of `dag_jsonl`, which are read as those. */
export const traceLab = {
  ...dagJsonl,
  isTrace: true,
  blockSize: ROUND_BLOCK_TOKENS,
  marks: (row) => 'prefix_tokens' in row && 'newly_append_tokens' in row && 'timing_events' in row,
} as const satisfies RowFormat;
