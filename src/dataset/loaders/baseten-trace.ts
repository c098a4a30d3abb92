import type { Json, JsonObject } from '../../util/json.js';
import { hashIdsOf, integerField, lengthField, mismatch, numberField, stringField } from './fields.js';
import { type RowContext, RowError, type RowFormat } from './format.js';
import { delayField } from './single-turn.js';

const TIME = 'timestamp_start_unix_ms';
/** Columns that name a session; the first that the file has counts. */
const sessionColumns = ['provided_session_id', 'poor_man_session_id'];

/** Baseten's completion traces: recorded prompts, times, output lengths and, as hints for routers, hashes of blocks. */
export const basetenTrace = {
  isTrace: true,
  wallClock: 'in order',
  table: {
    kind: 'parquet',
    columns: [TIME, 'prompt', 'input_tokens', 'output_tokens'],
    optional: [...sessionColumns, 'total_hashes', 'block_size', 'duration_e2e_ms'],
  },
  marks: () => false,
  lengths: (row) => ({
    input: required(row, 'input_tokens', lengthField(row, 'input_tokens')),
    output: required(row, 'output_tokens', lengthField(row, 'output_tokens')),
    blocks: { hashIds: hashIdsOf(row, 'total_hashes'), size: integerField(row, 'block_size') },
  }),
  read(row, context) {
    const prompt = stringField(row, 'prompt');
    if (prompt === undefined || prompt === '') throw new RowError('the row has no prompt');
    required(row, 'input_tokens', lengthField(row, 'input_tokens'));
    // Requests that were cancelled have no output.
    const maxTokens = Math.max(1, required(row, 'output_tokens', lengthField(row, 'output_tokens')));
    const isTimed = 'timestamp' in row || 'delay' in row;
    return {
      sessionId: context.replay?.strict ? undefined : sessionOf(row),
      turns: [
        {
          role: 'user',
          texts: [{ name: context.textName, contents: [prompt] }],
          maxTokens,
          timestampMs: isTimed ? numberField(row, 'timestamp') : startMs(row) - (context.originMs ?? 0),
          delayMs: delayField(row),
          extra: hints(row, maxTokens, context),
        },
      ],
      input: 'text',
      history: 'self-contained',
    };
  },
} as const satisfies RowFormat;

/** Recorded start, ms since the epoch. */
export function startMs(row: JsonObject): number {
  const time = required(row, TIME, integerField(row, TIME));
  if (time < 0) throw mismatch(TIME, 'at least 0', time);
  return time;
}

/** The session of a row; undefined if it is one of its own. */
export function sessionOf(row: JsonObject): string | undefined {
  const column = sessionColumns.find((name) => name in row);
  const id = column === undefined ? undefined : (row[column] ?? undefined);
  if (id === undefined || typeof id === 'string') return id;
  if (typeof id === 'number') return String(id);
  throw mismatch(column ?? '', 'a text or a number', id);
}

/** What AIPerf adds to the body: the output length as a minimum too, and the hashes for routers that know caches. */
function hints(row: JsonObject, maxTokens: number, { replay }: RowContext): JsonObject {
  const minTokens = replay?.omitsMinTokens ? {} : { min_tokens: maxTokens };
  if (replay?.omitsHints) return minTokens;
  const hashes = hashIdsOf(row, 'total_hashes').map((id): Json => {
    if (typeof id === 'number') return id;
    throw new RowError(
      `total_hashes holds the integer ${id}, which would be sent as ${Number(id)}: leave the hashes out with --omit-kv-hints`,
    );
  });
  const blockSize = integerField(row, 'block_size');
  return {
    ...minTokens,
    ...(hashes.length === 0 ? {} : { hash_ids: hashes }),
    ...(blockSize === undefined ? {} : { block_size: blockSize }),
  };
}

function required(row: JsonObject, key: string, value: number | undefined): number {
  if (value !== undefined) return value;
  throw new RowError(`${key} is missing${key in row ? '' : ' in the row'}`);
}
