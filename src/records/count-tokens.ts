import type { CountedRecord, RequestRecord, TokenCounts } from './record.js';
import { generatedTokens, readUsage } from './usage.js';

/** Number of tokens of a text, without special tokens, by the tokenizer of `model`. */
export type CountText = (text: string, model: string) => number;

/** Maximum characters of prompts whose counts are cached, so that a repeated dataset is counted once. */
const MAX_KEPT_CHARACTERS = 32_000_000;

/**
 * Counts the tokens of finished records. Without `countText`, all three counts are those of the server, from the record's
 * usage.
 */
export function tokenCounter(countText: CountText | undefined): (record: RequestRecord) => CountedRecord {
  if (countText === undefined) return (record) => ({ record, tokens: serverCounts(record) });
  const countInput = keptCounts(countText);
  return (record) => ({ record, tokens: clientCounts(record, countText, countInput) });
}

function clientCounts(record: RequestRecord, countText: CountText, countInput: CountText): TokenCounts {
  const { inputTokens, inputText, text, reasoning, model } = record;
  const failed = record.error !== undefined;
  return {
    input: inputTokens ?? (inputText === undefined ? undefined : countInput(inputText, model)),
    output: failed || text === undefined ? undefined : countText(text, model),
    reasoning: failed || reasoning === undefined ? undefined : countText(reasoning, model),
  };
}

/** Output is the completion minus the reasoning, at least 0: the parts of some servers do not add up. */
function serverCounts(record: RequestRecord): TokenCounts {
  if (record.usage === undefined) return { input: undefined, output: undefined, reasoning: undefined };
  const usage = readUsage(record.usage);
  const { prompt, reasoning } = usage;
  const generated = generatedTokens(usage);
  return {
    input: prompt,
    output: generated === undefined ? undefined : Math.max(0, generated - (reasoning ?? 0)),
    reasoning,
  };
}

function keptCounts(countText: CountText): CountText {
  const kept = new Map<string, number>();
  let characters = 0;
  return (text, model) => {
    const key = `${model}\n${text}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (characters > MAX_KEPT_CHARACTERS) {
      kept.clear();
      characters = 0;
    }
    const count = countText(text, model);
    kept.set(key, count);
    characters += key.length;
    return count;
  };
}
