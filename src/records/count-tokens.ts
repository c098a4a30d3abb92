import { messageOf } from '../util/errors.js';
import { type CountedRecord, type RequestRecord, type TokenCounts, withoutResponse } from './record.js';
import { generatedTokens, readUsage } from './usage.js';

/** Number of tokens of a text, without special tokens, by the tokenizer of `model`. */
export type CountText = (text: string, model: string) => number;

/** The same for the input of a request, which may be more than its text; undefined if it cannot be counted. */
export type CountInput = (input: string, model: string) => number | undefined;

/** Maximum characters of prompts whose counts are cached, so that a repeated dataset is counted once. */
const MAX_KEPT_CHARACTERS = 32_000_000;

/** Token counts of a record, or the reason why its text cannot be counted. */
export type Counted = TokenCounts | string;

/**
 * Counts the tokens of finished records. Without `countText`, all three counts are those of the server, from the record's
 * usage.
 */
export function tokenCounter(
  countText: CountText | undefined,
  countInput: CountInput | undefined = countText,
): (record: RequestRecord) => Counted {
  const countKept = countInput && keptCounts(countInput);
  return (record) => {
    try {
      return countText === undefined || countKept === undefined
        ? serverCounts(record)
        : clientCounts(record, countText, countKept);
    } catch (thrown) {
      return messageOf(thrown);
    }
  };
}

/** The record with its counts; one whose text cannot be counted becomes a failed one. */
export function countedRecord(record: RequestRecord, counted: Counted): CountedRecord {
  if (typeof counted !== 'string') return { record, tokens: counted };
  const failed = withoutResponse(record, `its tokens could not be counted (${counted})`);
  return { record: failed, tokens: { input: undefined, output: undefined, reasoning: undefined } };
}

function clientCounts(record: RequestRecord, countText: CountText, countInput: CountInput): TokenCounts {
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

function keptCounts(countInput: CountInput): CountInput {
  const kept = new Map<string, number | undefined>();
  let characters = 0;
  return (input, model) => {
    const key = `${model}\n${input}`;
    if (kept.has(key)) return kept.get(key);
    if (characters > MAX_KEPT_CHARACTERS) {
      kept.clear();
      characters = 0;
    }
    const count = countInput(input, model);
    kept.set(key, count);
    characters += key.length;
    return count;
  };
}
