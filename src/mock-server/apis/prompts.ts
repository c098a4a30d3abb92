import { isObject, type Json, type JsonObject } from '../../util/json.js';

/** A string, or a list of at least one string, as a list. Undefined for anything else. */
export function stringsOf(value: Json | undefined): string[] | undefined {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((item) => typeof item === 'string') ? value : undefined;
}

/** The text of a list of messages, joined by line ends. Undefined for anything else. */
export function messagesText(messages: Json | undefined): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) return undefined;
  return messages.map(messageText).join('\n');
}

function messageText({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}
