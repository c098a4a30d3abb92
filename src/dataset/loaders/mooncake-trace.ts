import type { JsonObject } from '../../util/json.js';
import {
  hashIdsField,
  integerField,
  jsonExcerpt,
  lengthField,
  numberField,
  objectField,
  objectListField,
  stringField,
} from './fields.js';
import { type GeneratedText, type RowContext, RowError, type RowFormat, type RowTurn } from './format.js';
import { generatedText } from './generated-text.js';
import { delayField } from './single-turn.js';

const inputKeys = ['input_length', 'text_input', 'messages', 'payload'] as const;
/** Tokens per hash ID. */
export const BLOCK_TOKENS = 512;

/** Recorded requests with lengths, times and prefix blocks of real traffic. */
export const mooncakeTrace = {
  isTrace: true,
  blockSize: BLOCK_TOKENS,
  marks: (row) => inputKeys.some((key) => (row[key] ?? undefined) !== undefined),
  read(row, context) {
    const { input, turn } = readInput(row, context);
    return {
      sessionId: stringField(row, 'session_id'),
      turns: [
        {
          role: 'user',
          texts: [],
          maxTokens: outputLength(row, context),
          timestampMs: numberField(row, 'timestamp'),
          delayMs: delayField(row),
          extra: input === 'payload' ? undefined : objectField(row, 'extra'),
          ...turn,
        },
      ],
      input,
      history: input === 'generated or literal text' ? 'live-answers' : 'self-contained',
    };
  },
} as const satisfies RowFormat;

function readInput(row: JsonObject, context: RowContext): { input: string; turn: Partial<RowTurn> } {
  const inputs = inputKeys.filter((key) => (row[key] ?? undefined) !== undefined);
  if (inputs.length !== 1) {
    const got = inputs.length === 0 ? 'none' : inputs.join(' and ');
    throw new RowError(`exactly one of ${inputKeys.join(', ')} is expected, got ${got}`);
  }
  for (const [key, owner] of [
    ['hash_ids', 'input_length'],
    ['tools', 'messages'],
  ] as const) {
    if ((row[key] ?? undefined) !== undefined && inputs[0] !== owner) {
      throw new RowError(`${key} is only valid with ${owner}, got it with ${inputs[0]}`);
    }
  }
  if (inputs[0] === 'messages') {
    return { input: 'messages', turn: { messages: readMessages(row), tools: readTools(row) } };
  }
  if (inputs[0] === 'payload') {
    const payload = objectField(row, 'payload');
    if (!payload || Object.keys(payload).length === 0) throw new RowError('payload must not be empty');
    return { input: 'payload', turn: { payload } };
  }
  const text = stringField(row, 'text_input');
  const turn: Partial<RowTurn> =
    text === undefined
      ? { generated: readGenerated(row, context) }
      : { texts: [{ name: context.textName, contents: [text] }] };
  return { input: 'generated or literal text', turn };
}

/** Reads `messages`. @throws RowError unless each has a role. */
export function readMessages(row: JsonObject): JsonObject[] {
  const messages = objectListField(row, 'messages') ?? [];
  if (messages.length === 0) throw new RowError('messages must not be empty');
  for (const [place, message] of messages.entries()) {
    if (!('role' in message)) throw new RowError(`messages[${place}] has no role: ${jsonExcerpt(message)}`);
  }
  return messages;
}

/** Reads `tools`. @throws RowError if the list is empty. */
export function readTools(row: JsonObject): JsonObject[] | undefined {
  const tools = objectListField(row, 'tools');
  if (tools?.length === 0) throw new RowError('tools must not be empty');
  return tools;
}

/** Reads `input_length` and `hash_ids`. @throws RowError if they do not fit each other. */
export function readGenerated(row: JsonObject, { blockSize = BLOCK_TOKENS }: RowContext): GeneratedText {
  return generatedText(lengthField(row, 'input_length') ?? 0, hashIdsField(row), blockSize);
}

/** Reads `output_length`; a length of 0 or less becomes 1. */
export function outputLength(row: JsonObject, { warn }: RowContext): number | undefined {
  const tokens = integerField(row, 'output_length');
  if (tokens === undefined || tokens > 0) return lengthField(row, 'output_length');
  warn(`output_length ${tokens} is not a valid length: using 1`);
  return 1;
}
