import type { JsonObject } from '../util/json.js';

/** How an API sends `tokens` tokens of text. */
interface CannedForm {
  readonly whole: (text: string) => JsonObject;
  readonly piece: (text: string, place: number) => JsonObject;
  /** Events after the last piece. */
  readonly ends: readonly JsonObject[];
  /** Each event has a line `event:` with its type. */
  readonly namesEvents?: boolean;
}

/** An answer of `tokens` tokens for the prewarm, in the pieces in which it arrives. */
export function cannedEvents(streaming: boolean, tokens: number, form: CannedForm): string[] {
  const texts = cannedTokens(tokens);
  if (!streaming) return [JSON.stringify(form.whole(texts.join('')))];
  const event = (data: JsonObject) =>
    `${form.namesEvents ? `event: ${data.type}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
  const pieces = texts.map((text, place) => event(form.piece(text, place)));
  const last = pieces.pop() ?? '';
  return [...pieces, last + form.ends.map(event).join('')];
}

/** Texts of one token each. */
export function cannedTokens(tokens: number): string[] {
  return ['first', ...Array.from({ length: tokens - 2 }, () => ' next'), ' last'];
}
