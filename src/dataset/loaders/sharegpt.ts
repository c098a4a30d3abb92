import { isObject, type Json } from '../../util/json.js';
import { listField, mismatch, stringField } from './fields.js';
import type { RowFormat, RowTurn } from './format.js';

/** Names of the roles in ShareGPT files and their successors. */
const users = ['human', 'user'];
const models = ['gpt', 'chatgpt', 'bing', 'bard', 'assistant', 'model'];

/**
 * A recorded conversation: each message of a user with the model's reply is a turn. Recorded replies are not sent; the
 * history holds the server's responses.
 */
export const shareGpt: RowFormat = {
  marks: (row) => Array.isArray(row.conversations),
  read(row, { warn }) {
    const messages = (listField(row, 'conversations') ?? []).map(message);
    const [first] = messages;
    const isSystem = first?.role === 'system';
    const turns = pairs(isSystem ? messages.slice(1) : messages);
    if (turns.length === 0) warn('no user message with an answer: conversation skipped');
    return {
      turns,
      input: 'text',
      history: 'live-answers',
      ...(isSystem && first.text !== '' ? { systemMessage: first.text } : {}),
    };
  },
};

interface Message {
  readonly role: 'user' | 'model' | 'system';
  readonly text: string;
}

/** @throws RowError unless it has the form `{"from", "value"}` or `{"role", "content"}`. */
function message(item: Json, place: number): Message {
  const at = `conversations[${place}]`;
  if (!isObject(item)) throw mismatch(at, 'an object', item);
  const [nameKey, textKey] = 'from' in item ? (['from', 'value'] as const) : (['role', 'content'] as const);
  const name = stringField(item, nameKey)?.toLowerCase() ?? '';
  const text = stringField(item, textKey) ?? '';
  if (users.includes(name)) return { role: 'user', text };
  if (models.includes(name)) return { role: 'model', text };
  if (name === 'system') return { role: 'system', text };
  throw mismatch(`${at}.${nameKey}`, `one of ${[...users, ...models, 'system'].join(', ')}`, name);
}

/** Adjacent messages of a user and the model. Empty if any text is empty, because later turns would lack it. */
function pairs(messages: readonly Message[]): RowTurn[] {
  const turns: RowTurn[] = [];
  for (const [place, { role, text }] of messages.entries()) {
    const next = messages[place + 1];
    if (role !== 'user' || next?.role !== 'model') continue;
    if (text.trim() === '' || next.text.trim() === '') return [];
    turns.push({ role: 'user', texts: [{ name: '', contents: [text] }] });
  }
  return turns;
}
