import { expect, it } from 'vitest';
import { openCounter } from '../../src/collect/open-counter.js';
import type { Conversation, Turn } from '../../src/dataset/conversation.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { knownInputTokens, makePayload } from '../../src/endpoint/payload.js';
import { blankRecord } from '../../src/records/record.js';
import type { JsonObject } from '../../src/util/json.js';

const count = openCounter(new Map([['m', { kind: 'shipped', name: 'builtin', rendersChats: true }]]));
const options = { streaming: false, extraInputs: {}, legacyMaxTokens: false, rendersChats: true };

/** ISL of a turn of a chat. */
function inputLength(changes: Partial<Turn>, systemMessage?: string) {
  const turn: Turn = { role: 'user', texts: [], model: 'm', inputTokens: 99, ...changes };
  const conversation: Conversation = {
    sessionId: 's',
    turns: [turn],
    history: 'live-answers',
    ...(systemMessage === undefined ? {} : { systemMessage }),
  };
  const request = { conversation, turn, past: [] };
  expect(knownInputTokens(endpoints.chat, request, options)).toBeUndefined();
  const inputText = makePayload(endpoints.chat, request, options).inputText();
  const counted = count({ ...blankRecord(), model: 'm', inputText, text: '<|im_end|>' });
  return typeof counted === 'string' ? counted : counted.input;
}

const texts = (...contents: string[]) => ({ texts: [{ name: 'text', contents }] });
const messages = (...all: JsonObject[]) => ({ messages: all });

it.each([
  // <|im_start|> user \n Hello <|im_end|> \n <|im_start|> assistant \n
  { what: 'a text', turn: texts('Hello'), isl: 9 },
  // <|im_start|> system \n Hi <|im_end|> \n in front
  { what: 'a system text', turn: texts('Hello'), system: 'Hi', isl: 15 },
  // Hello \n Hello, as servers join parts of text
  { what: 'several texts', turn: texts('Hello', 'Hello'), isl: 11 },
  {
    what: 'recorded messages',
    turn: messages(
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Hello' },
    ),
    isl: 21,
  },
  // Counted as before: there is nothing to render.
  { what: 'a body without messages', turn: { payload: { model: 'm', prompt: 'Hello Hello' } }, isl: 2 },
  { what: 'messages without content', turn: messages({ role: 'user' }), isl: undefined },
])('the input length of $what counts the rendered chat', ({ turn, system, isl }) => {
  expect(inputLength(turn, system)).toBe(isl);
});
