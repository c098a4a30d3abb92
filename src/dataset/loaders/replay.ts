import type { JsonObject } from '../../util/json.js';
import type { Pace } from '../pace.js';
import { sessionOf, startMs } from './baseten-trace.js';
import { inRow, parseRow } from './read-row.js';
import { type RowFile, rowCount, rowFileOf } from './row-file.js';

/** How a trace with recorded prompts is replayed. */
export interface Replay {
  /** Later turns of a session follow the response before them, with the recorded time to think, in place of their times. */
  readonly closedLoop: boolean;
  /** Every row is a session of its own. */
  readonly strict: boolean;
  /** Bodies have no `min_tokens`. */
  readonly omitsMinTokens: boolean;
  /** Bodies have no `hash_ids` and `block_size`. */
  readonly omitsHints: boolean;
}

/** Whether it needs other times than those of the rows, scaled. */
export function changesTimes({ closedLoop }: Replay, { maxIdleMs }: Pace): boolean {
  return closedLoop || maxIdleMs !== undefined;
}

/**
 * The rows with the times at which they are replayed, `timestamp` or `delay` in ms before they are divided by the
 * speed-up.
 * @param file sorted by time. @param originMs of its earliest time, since the epoch.
 */
export function withReplayTimes(
  file: RowFile,
  originMs: number,
  { closedLoop }: Replay,
  { speedup, maxIdleMs = Number.POSITIVE_INFINITY }: Pace,
): RowFile {
  const sessions = new Map<string, { startMs: number; durationMs: number }>();
  let lastMs = 0;
  let shiftedMs = 0;
  const rows = Array.from({ length: rowCount(file) }, (_, number) => {
    const row = parseRow(file, number);
    const atMs = inRow(file, number, () => startMs(row) - originMs);
    const session = sessionOf(row);
    const before = session === undefined ? undefined : sessions.get(session);
    const durationMs = typeof row.duration_e2e_ms === 'number' ? row.duration_e2e_ms : 0;
    if (session !== undefined) sessions.set(session, { startMs: atMs, durationMs });
    const text = (timing: JsonObject) => JSON.stringify({ ...row, ...timing });
    const line = file.lines[number] ?? 0;
    if (closedLoop && before !== undefined)
      return { line, text: text({ delay: Math.max(0, atMs - before.startMs - before.durationMs) }) };
    // Time in which nothing is sent is cut to the cap, before the first request too.
    shiftedMs += Math.min(atMs - lastMs, maxIdleMs * speedup);
    lastMs = atMs;
    return { line, text: text({ timestamp: shiftedMs }) };
  });
  return rowFileOf(file.path, rows);
}
