import { dagJsonl } from '../dag-jsonl.js';
import type { RowFormat } from '../format.js';
import { holdsSpans } from './span.js';

/** Tokens per block of prompts that are generated; their shared prefixes are whole blocks. */
export const SPAN_BLOCK_TOKENS = 16;

/** Keys of spans, not those within a text. */
export const spanKeys =
  /(?<!\\)"(?:resourceSpans|resource_spans|spans)"\s*:\s*\[|(?<!\\)"(?:span_id|spanId)"\s*:\s*"/;

/** Spans of calls to language models: their files are turned into rows of `dag_jsonl`, which are read as those. */
export const otelSpans = {
  ...dagJsonl,
  isTrace: true,
  blockSize: SPAN_BLOCK_TOKENS,
  marks: holdsSpans,
} as const satisfies RowFormat;
