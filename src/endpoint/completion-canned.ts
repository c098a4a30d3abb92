import type { JsonObject } from '../util/json.js';
import { cannedTokens } from './text-canned.js';

/** A choice that holds a text. */
type ChoiceOf = (text: string) => JsonObject;

/** A whole answer of `tokens` tokens. */
export function cannedBody(object: string, tokens: number, choiceOf: ChoiceOf): string[] {
  const choice = { ...choiceOf(cannedTokens(tokens).join('')), finish_reason: 'length' };
  return [unit(object, choice, usageOf(tokens))];
}

/** A stream of one event a token, the last with the end mark behind it. */
export function cannedStream(object: string, tokens: number, choiceOf: ChoiceOf): string[] {
  const texts = cannedTokens(tokens);
  return texts.map((text, place) =>
    place < tokens - 1
      ? `data: ${unit(object, { ...choiceOf(text), finish_reason: null })}\n\n`
      : `data: ${unit(object, { ...choiceOf(text), finish_reason: 'length' }, usageOf(tokens))}\n\ndata: [DONE]\n\n`,
  );
}

function usageOf(tokens: number): JsonObject {
  return { usage: { prompt_tokens: 8, completion_tokens: tokens, total_tokens: 8 + tokens } };
}

/** JSON of an answer, or of one event, with members in the order in which servers write them. */
function unit(object: string, choice: JsonObject, rest: JsonObject = {}): string {
  const name = { id: 'prewarm', object, created: 0, model: 'prewarm' };
  return JSON.stringify({ ...name, choices: [{ index: 0, ...choice }], ...rest });
}
