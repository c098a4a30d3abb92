import { dagJsonl } from '../dag-jsonl.js';
import type { RowFormat } from '../format.js';

/** A key that only such traces have, not one within a text. */
export const wekaKeys = /(?<!\\)"hash_id_scope"\s*:/;

/** Agent traces of Weka's KV cache tester: their files are turned into rows of `dag_jsonl`, which are read as those. */
export const wekaTrace = {
  ...dagJsonl,
  isTrace: true,
  // Every trace has its own.
  blockSize: 64,
  marks: ({ hash_id_scope, requests }) => typeof hash_id_scope === 'string' && Array.isArray(requests),
} as const satisfies RowFormat;
