import { openTokenizer } from '../dataset/tokenizer/open.js';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { type Counted, tokenCounter } from '../records/count-tokens.js';
import type { RequestRecord } from '../records/record.js';
import { openChatCounter } from './chat-input.js';

/** Counts the tokens of one model. */
interface ModelCounter {
  readonly text: (text: string) => number;
  readonly input: (input: string) => number | undefined;
}

/**
 * Opens what counts the tokens of records in the calling thread; a model's tokenizer is opened at its first text.
 * @param tokenizers of each model; undefined: the server's counts are used.
 */
export function openCounter(
  tokenizers: ReadonlyMap<string, TokenizerSource> | undefined,
): (record: RequestRecord) => Counted {
  if (tokenizers === undefined) return tokenCounter(undefined);
  const opened = new Map<string, ModelCounter>();
  const counterOf = (model: string): ModelCounter => {
    const known = opened.get(model);
    if (known !== undefined) return known;
    const source = tokenizers.get(model) ?? tokenizers.values().next().value;
    if (source === undefined) throw new Error('a run that counts tokens has no tokenizer');
    const tokenizer = openTokenizer(source);
    const text = (counted: string) => tokenizer.count(counted);
    const counter = { text, input: source.rendersChats ? openChatCounter(source, tokenizer) : text };
    opened.set(model, counter);
    return counter;
  };
  return tokenCounter(
    (text, model) => counterOf(model).text(text),
    (input, model) => counterOf(model).input(input),
  );
}
