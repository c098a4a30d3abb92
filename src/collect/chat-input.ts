import { type ChatTemplate, openChatTemplate } from '../dataset/tokenizer/chat-template.js';
import type { Tokenizer, TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';

/**
 * Counts the tokens of chats as the tokenizer's template renders them.
 * @returns a counter of what `chatInputOf` wrote; undefined for a chat that the template refuses.
 */
export function openChatCounter(
  source: TokenizerSource,
  tokenizer: Tokenizer,
): (input: string) => number | undefined {
  const template = openChatTemplate(source);
  return (input) => {
    const { text, messages, ...variables }: JsonObject = JSON.parse(input);
    if (typeof text === 'string') return tokenizer.count(text);
    return Array.isArray(messages) && template !== undefined
      ? rendered(template, messages, variables, tokenizer)
      : undefined;
  };
}

function rendered(
  template: ChatTemplate,
  messages: readonly Json[],
  { chat_template_kwargs: more, ...variables }: JsonObject,
  tokenizer: Tokenizer,
): number | undefined {
  try {
    const all = { ...variables, ...(isObject(more) ? more : {}) };
    return tokenizer.count(template.render(messages.filter(isObject), all));
  } catch {
    return undefined;
  }
}
