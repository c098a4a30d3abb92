import { isObject } from '../../util/json.js';
import { listField, mismatch, stringField } from './fields.js';
import { RowError, type RowFormat, type RowTurn } from './format.js';
import { readTurn } from './single-turn.js';

/** One conversation a row, or a part of one: rows that share a `session_id` are joined in file order. */
export const multiTurn: RowFormat = {
  marks: (row) => Array.isArray(row.turns),
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
 * The text of a leading system turn that is the conversation's system message rather than a request; undefined
 * where there is none: it says more than text, another system turn follows, or nothing else would be left.
 */
export function systemMessageOf(turns: readonly RowTurn[]): string | undefined {
  const [first, second] = turns;
  if (first?.role !== 'system' || second === undefined || second.role === 'system') return undefined;
  const { timestampMs, delayMs, maxTokens, extra } = first;
  if ([timestampMs, delayMs, maxTokens, extra].some((value) => value !== undefined)) return undefined;
  return first.texts.flatMap((named) => named.contents).join('\n') || undefined;
}
