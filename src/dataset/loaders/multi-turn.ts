import { isObject } from '../../util/json.js';
import { dagJsonl } from './dag-jsonl.js';
import { listField, mismatch, stringField } from './fields.js';
import { RowError, type RowFormat, type RowTurn } from './format.js';
import { readTurn } from './single-turn.js';

/** One conversation, or a part of one, per row: rows with the same `session_id` are joined in file order. */
export const multiTurn: RowFormat = {
  marks: (row) => Array.isArray(row.turns) && !dagJsonl.marks(row),
  read(row, context) {
    const turns = listField(row, 'turns') ?? [];
    if (turns.length === 0) throw new RowError('turns must hold at least one turn');
    return {
      sessionId: stringField(row, 'session_id'),
      turns: turns.map((turn, place) => {
        if (!isObject(turn)) throw mismatch(`turns[${place}]`, 'an object', turn);
        try {
          return readTurn(turn, context);
        } catch (error) {
          if (error instanceof RowError) throw new RowError(`turns[${place}]: ${error.message}`);
          throw error;
        }
      }),
      input: 'text',
      history: 'live-answers',
    };
  },
};

/**
 * The text of a leading system turn that becomes the conversation's system message instead of a request. Undefined if
 * there is none, if it has more than text, if another system turn follows, or if no other turn is left.
 */
export function systemMessageOf(turns: readonly RowTurn[]): string | undefined {
  const [first, second] = turns;
  if (first?.role !== 'system' || second === undefined || second.role === 'system') return undefined;
  const { timestampMs, delayMs, maxTokens, extra, media } = first;
  if ([timestampMs, delayMs, maxTokens, extra, media].some((value) => value !== undefined)) return undefined;
  return first.texts.flatMap((named) => named.contents).join('\n') || undefined;
}
