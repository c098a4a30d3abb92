import { openTokenizer } from '../dataset/tokenizer/open.js';
import type { Tokenizer, TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { type Counted, tokenCounter } from '../records/count-tokens.js';
import type { RequestRecord } from '../records/record.js';

/**
 * Opens what counts the tokens of records in the calling thread; a model's tokenizer is opened at its first text.
 * @param tokenizers of each model; undefined: the server's counts are used.
 */
export function openCounter(
  tokenizers: ReadonlyMap<string, TokenizerSource> | undefined,
): (record: RequestRecord) => Counted {
  if (tokenizers === undefined) return tokenCounter(undefined);
  const opened = new Map<string, Tokenizer>();
  return tokenCounter((text, model) => {
    let tokenizer = opened.get(model);
    if (tokenizer === undefined) {
      const source = tokenizers.get(model) ?? tokenizers.values().next().value;
      if (source === undefined) throw new Error('a run that counts tokens has no tokenizer');
      tokenizer = openTokenizer(source);
      opened.set(model, tokenizer);
    }
    return tokenizer.count(text);
  });
}
