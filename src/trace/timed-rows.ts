import { readTrace } from './read-trace.js';
import { lineError, type TraceRow } from './rows.js';
import { SessionIndex } from './session-index.js';
import { timeOrder } from './time-order.js';

/** A row of a trace in which every row has a time. */
export interface TimedRow extends TraceRow {
  /** Its timestamp; for a later row of a session without one, the time of the row before it in the file. */
  readonly timeMs: number;
}

/**
 * Streams a trace sorted by time. Memory grows by at most 64 bytes per session.
 * @throws UserError for a malformed row, a row without a timestamp that is not a later one of its session, and
 * decreasing timestamps.
 */
export async function* timedRows(path: string): AsyncGenerator<TimedRow> {
  const check = timeOrder(path);
  const sessions = new SessionIndex();
  let timeMs = 0;
  for await (const row of readTrace(path)) {
    const known = sessions.size;
    const isLater = row.sessionId !== undefined && sessions.of(row.sessionId) < known;
    if (row.timestampMs !== undefined) {
      check(row.timestampMs, row.line);
      timeMs = row.timestampMs;
    } else if (!isLater) {
      throw lineError(
        path,
        row.line,
        'the row has no timestamp',
        'every row needs one, in ms, but the later ones of a session',
      );
    }
    yield { ...row, timeMs };
  }
}
