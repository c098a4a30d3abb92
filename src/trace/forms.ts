import type { HashId } from '../dataset/hash-id.js';
import { hashIdsField, integerField, lengthField, numberField } from '../dataset/loaders/fields.js';
import { RowError } from '../dataset/loaders/format.js';
import type { SessionLinks } from '../dataset/loaders/session-links.js';
import { type Time, wallClock } from '../dataset/loaders/wall-clock.js';
import type { JsonObject } from '../util/json.js';
import { MAX_TOKENS } from '../util/limits.js';

/** One request of a foreign trace. */
export interface ForeignRow {
  readonly time: Time;
  readonly inputLength: number;
  readonly outputLength: number;
  /** Empty if the form has no IDs. */
  readonly hashIds: readonly HashId[];
  readonly sessionId?: string | undefined;
}

/** A CSV trace format. */
export interface CsvForm {
  /** Columns to read; others are ignored. */
  readonly columns: readonly string[];
  /** @throws RowError for a malformed row. */
  read(cells: Readonly<Record<string, string>>): ForeignRow;
}

/** CSV formats by name. */
export const csvForms = {
  /** Azure's LLM inference traces: wall-clock times and lengths only. */
  azure: {
    columns: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
    read: (cells) => ({
      time: wallClock('TIMESTAMP', cells.TIMESTAMP ?? ''),
      inputLength: tokens(cells, 'ContextTokens'),
      outputLength: tokens(cells, 'GeneratedTokens'),
      hashIds: [],
    }),
  },
  /** BurstGPT: times in seconds and lengths; a failed request has 0 output tokens. */
  burst_gpt: {
    columns: ['Timestamp', 'Request tokens', 'Response tokens'],
    read: (cells) => ({
      time: seconds(decimal(cells, 'Timestamp')),
      inputLength: tokens(cells, 'Request tokens'),
      outputLength: tokens(cells, 'Response tokens'),
      hashIds: [],
    }),
  },
} as const satisfies Readonly<Record<string, CsvForm>>;

/** Tokens per hash ID of the Bailian traces. */
export const BAILIAN_BLOCK = 16;

/** `parent_chat_id` of the first request of a session. */
const NO_PARENT = -1;

/** Whether a row belongs to one of Qwen-Bailian's traces. */
export function isBailian(row: JsonObject): boolean {
  return 'chat_id' in row;
}

/** A row of Qwen-Bailian's traces: times in seconds, blocks of 16 tokens, complete prompts. @throws RowError */
export function readBailian(row: JsonObject, links: SessionLinks): ForeignRow {
  const id = String(integerField(row, 'chat_id'));
  const parent = integerField(row, 'parent_chat_id') ?? NO_PARENT;
  return {
    sessionId: links.sessionOf({ link: { id, parent: parent === NO_PARENT ? undefined : String(parent) } }),
    time: seconds(present('timestamp', numberField(row, 'timestamp'))),
    inputLength: present('input_length', lengthField(row, 'input_length')),
    outputLength: present('output_length', lengthField(row, 'output_length')),
    hashIds: hashIdsField(row),
  };
}

function seconds(value: number): Time {
  const whole = Math.floor(value);
  return { wholeMs: whole * 1000, partMs: (value - whole) * 1000 };
}

function tokens(cells: Readonly<Record<string, string>>, column: string): number {
  const text = cells[column] ?? '';
  if (/^\d+$/.test(text) && Number(text) <= MAX_TOKENS) return Number(text);
  throw new RowError(
    `${column} must be a whole number of tokens from 0 to ${MAX_TOKENS}, got ${JSON.stringify(text)}`,
  );
}

function decimal(cells: Readonly<Record<string, string>>, column: string): number {
  const text = cells[column] ?? '';
  if (/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new RowError(`${column} must be a number of seconds, got ${JSON.stringify(text)}`);
}

function present(key: string, value: number | undefined): number {
  if (value !== undefined) return value;
  throw new RowError(`the row has no ${key}`);
}
