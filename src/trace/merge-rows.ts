import type { HashId } from '../dataset/hash-id.js';
import type { UserError } from '../util/errors.js';
import { changedRow, roundedMs } from './row-text.js';
import { lineError } from './rows.js';
import type { TimedRow } from './timed-rows.js';

/** One input of a merge. */
export interface MergeInput {
  readonly path: string;
  /** Sorted by time. */
  readonly rows: AsyncIterable<TimedRow>;
  /** Converts a time of the input to one of the output, ms. */
  readonly time: (timeMs: number) => number;
}

/** A row of the output. */
export interface MergedRow {
  readonly text: string;
  readonly timeMs: number;
  readonly hasTimestamp: boolean;
}

/**
 * Merges traces by time; rows at the same time are in order of the inputs. One row of each input is in memory.
 * @param sameIds equal IDs of different inputs mean the same block or session. Otherwise they are renumbered: hash ID
 * `h` of input `i` of `n` becomes `h · n + i`, and session `s` becomes `<i + 1>:s`.
 * @throws UserError for a hash ID that has no room for renumbering.
 */
export async function* mergeRows(inputs: readonly MergeInput[], sameIds: boolean): AsyncGenerator<MergedRow> {
  const heads = await Promise.all(
    inputs.map(async (input, place) => {
      const rows = input.rows[Symbol.asyncIterator]();
      return { input, place, rows, row: await nextRow(rows) };
    }),
  );
  try {
    for (;;) {
      let first:
        | { readonly head: (typeof heads)[number]; readonly row: TimedRow; readonly timeMs: number }
        | undefined;
      for (const head of heads) {
        if (head.row === undefined) continue;
        const timeMs = roundedMs(head.input.time(head.row.timeMs));
        if (first === undefined || timeMs < first.timeMs) first = { head, row: head.row, timeMs };
      }
      if (first === undefined) return;
      const { head, row, timeMs } = first;
      const renumbered = sameIds ? {} : renumber(row, head.place, inputs.length, head.input.path);
      yield {
        text: changedRow(row.text, { timestamp: timeMs, ...renumbered }),
        timeMs,
        hasTimestamp: row.timestampMs !== undefined,
      };
      head.row = await nextRow(head.rows);
    }
  } finally {
    for (const { rows } of heads) await rows.return?.();
  }
}

async function nextRow(rows: AsyncIterator<TimedRow>): Promise<TimedRow | undefined> {
  const { done, value } = await rows.next();
  return done ? undefined : value;
}

function renumber({ hashIds, sessionId, line }: TimedRow, place: number, inputs: number, path: string) {
  return {
    ...(hashIds.length === 0
      ? {}
      : { hash_ids: hashIds.map((id) => renumbered(id, place, inputs, path, line)) }),
    ...(sessionId === undefined ? {} : { session_id: `${place + 1}:${sessionId}` }),
  };
}

function renumbered(id: HashId, place: number, inputs: number, path: string, line: number): HashId {
  if (typeof id === 'number') {
    const small = id * inputs + place;
    if (Number.isSafeInteger(small)) return small;
  }
  const large = BigInt(id) * BigInt(inputs) + BigInt(place);
  if (large >= -LIMIT && large < LIMIT) return large;
  throw roomError(path, line, id, inputs);
}

/** Results are signed integers of 64 bits. */
const LIMIT = 2n ** 63n;

function roomError(path: string, line: number, id: HashId, inputs: number): UserError {
  return lineError(
    path,
    line,
    `hash id ${id} is too large to keep the ids of ${inputs} inputs apart: below 2^63 / ${inputs} is expected`,
    'if ids are hashes of the content, equal ids are equal blocks: add --same-ids; else renumber them first',
  );
}
