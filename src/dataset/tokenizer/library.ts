import { createRequire } from 'node:module';
import type { JsonObject } from '../../util/json.js';
import type { Tokenizer } from './tokenizer.js';

/** Opens any tokenizer.json with @huggingface/tokenizers, and throws what that throws. */
export function openLibrary(name: string, json: JsonObject, config: JsonObject): Tokenizer {
  // Loaded on demand, and without `await` because opening is synchronous.
  const require = createRequire(import.meta.url);
  const library: typeof import('@huggingface/tokenizers') = require('@huggingface/tokenizers');
  const tokenizer = new library.Tokenizer(json, config);
  const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    name,
    encode: (text) => Uint32Array.from(encode(text)),
    count: (text) => encode(text).length,
    // The library throws on an empty list.
    decode: (ids) =>
      ids.length === 0
        ? ''
        : tokenizer.decode(Array.from(ids), {
            skip_special_tokens: false,
            clean_up_tokenization_spaces: false,
          }),
  };
}
