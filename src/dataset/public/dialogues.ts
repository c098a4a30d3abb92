import type { JsonObject } from '../../util/json.js';
import { RowError } from '../loaders/format.js';
import { type Cell, isStruct, textOf } from './cells.js';
import type { RowMapping } from './mapping.js';
import { imageIn } from './media.js';

/** A message of a recorded conversation. */
interface Message {
  /** In lower case; '' for none. */
  readonly role: string;
  readonly text: string;
}

/** Names of roles: those of OpenAI, and those of ShareGPT. */
const users = ['user', 'human'];
const models = ['assistant', 'gpt', 'chatgpt', 'bing', 'bard', 'model'];

/** The first message of the user, with the first picture of the row. Rows without one are skipped. */
export function firstMessage(column: string, image: string): RowMapping {
  return {
    type: 'single_turn',
    columns: [column, image],
    read(row, { warn }) {
      const messages = messagesIn(row[column]);
      const first = messages.find(({ role }) => users.includes(role)) ?? messages[0];
      // Where the picture stands in the text.
      const text = first?.text.replaceAll('<image>', '').trim() ?? '';
      if (text === '') {
        warn('no message of a user: skipped');
        return [];
      }
      const picture = imageIn(row[image]);
      return [picture === undefined ? { text } : { text, image: picture }];
    },
  };
}

/** Each message of the user is a turn; recorded answers are not sent. A leading system message is sent with all. */
export function wholeConversation(column: string): RowMapping {
  return {
    type: 'multi_turn',
    columns: [column],
    read(row, { warn }) {
      const messages = messagesIn(row[column]);
      const unknown = messages.find(
        ({ role }) => ![...users, ...models, 'system', 'tool', 'developer'].includes(role),
      );
      if (unknown !== undefined) {
        throw new RowError(
          `a message of ${column} has the role '${unknown.role}': expected user, assistant or system`,
        );
      }
      const [first] = messages;
      const system: JsonObject[] =
        first !== undefined && isSystem(first) && first.text !== ''
          ? [{ role: 'system', text: first.text }]
          : [];
      const turns = messages.flatMap(({ role, text }) =>
        users.includes(role) && text.trim() !== '' ? [{ text }] : [],
      );
      if (turns.length > 0) return [{ turns: [...system, ...turns] }];
      warn('no message of a user: skipped');
      return [];
    },
  };
}

/**
 * ShareGPT as vLLM's benchmark filters it: each message of a user with the model's answer is a turn, at most as long as
 * that answer. A row is skipped if any of its pairs is out of these bounds.
 */
export const shareGpt: RowMapping = {
  type: 'multi_turn',
  columns: ['conversations'],
  countsTokens: true,
  read(row, { countTokens }) {
    const turns: JsonObject[] = [];
    for (const { prompt, answer } of answered(messagesIn(row.conversations))) {
      const input = countTokens(prompt);
      const output = countTokens(answer);
      const isKept =
        input >= fewestTokens && output >= fewestTokens && input <= mostInput && input + output <= mostTokens;
      if (!isKept) return [];
      turns.push({ text: prompt, output_length: output });
    }
    return turns.length === 0 ? [] : [{ turns }];
  },
};

const fewestTokens = 4;
const mostInput = 1024;
const mostTokens = 2048;

/** Neighbours of which one is the user's and the other the model's. Without names of roles: the first two. */
function answered(messages: readonly Message[]): { readonly prompt: string; readonly answer: string }[] {
  const spoken = messages.filter(({ role }) => role === 'human' || role === 'gpt');
  const [first, second] = messages;
  if (spoken.length === 0) {
    return first && second && first.text !== '' && second.text !== ''
      ? [{ prompt: first.text, answer: second.text }]
      : [];
  }
  return spoken.flatMap(({ role, text }, place) => {
    const next = spoken[place + 1];
    const isPair = role === 'human' && next?.role === 'gpt' && text !== '' && next.text !== '';
    return isPair ? [{ prompt: text, answer: next.text }] : [];
  });
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

/** Messages as `{role, content}` or `{from, value}`; each may be in a list of its own. */
function messagesIn(cell: Cell | undefined): Message[] {
  return (Array.isArray(cell) ? cell : []).flatMap((item: Cell): Message[] => {
    const message = Array.isArray(item) ? item[0] : item;
    if (!isStruct(message)) return [];
    const role = textOf(message.from ?? message.role).toLowerCase();
    return [{ role, text: contentText(message.value ?? message.content) }];
  });
}

/** A text, or the texts of a list of parts. */
function contentText(cell: Cell | undefined): string {
  if (!Array.isArray(cell)) return textOf(cell);
  return cell.map((part) => (isStruct(part) ? textOf(part.text) : textOf(part))).join('');
}
