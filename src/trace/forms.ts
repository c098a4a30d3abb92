import type { HashId } from '../dataset/hash-id.js';
import type { LengthRow } from '../dataset/loaders/csv-traces.js';
import { hashIdsField, integerField, lengthField, numberField } from '../dataset/loaders/fields.js';
import { RowError } from '../dataset/loaders/format.js';
import type { SessionLinks } from '../dataset/loaders/session-links.js';
import { seconds } from '../dataset/loaders/wall-clock.js';
import type { JsonObject } from '../util/json.js';

/** One request of a foreign trace. */
export interface ForeignRow extends LengthRow {
  /** Empty if the form has no IDs. */
  readonly hashIds: readonly HashId[];
  readonly sessionId?: string | undefined;
}

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

function present(key: string, value: number | undefined): number {
  if (value !== undefined) return value;
  throw new RowError(`the row has no ${key}`);
}
