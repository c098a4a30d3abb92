import { type Pace, withoutLongGaps } from '../../pace.js';
import { type RowFile, rowFileOf } from '../row-file.js';
import type { OrderedCall } from './call-order.js';
import type { PrefixBlocks } from './prefixes.js';
import { sessionRows, type TimesOf } from './session-rows.js';
import type { Span } from './span.js';

/** The calls of one conversation of a file. */
export interface RecordedSession {
  readonly id: string;
  readonly calls: readonly OrderedCall[];
  readonly lineOf: (span: Span) => number;
}

/** Rows of `dag_jsonl` made from a trace of calls, and the tokens per hash id in them. */
export interface AgentRows {
  readonly rows: RowFile;
  readonly blockSize: number;
}

/**
 * Rows of `dag_jsonl` with the calls of sessions, at least one. Sessions of the same id are numbered.
 * @param path as messages name the file. @param blocksOf hash ids of the prompts of calls without messages.
 */
export function recordedRows(
  path: string,
  sessions: readonly RecordedSession[],
  pace: Pace,
  blocksOf: PrefixBlocks,
): RowFile {
  const timesOf = replayedTimes(sessions, pace);
  const originMs = sessions
    .map(({ calls: [first] }) => (first === undefined ? 0 : timesOf(first).startMs))
    .reduce((least, startMs) => Math.min(least, startMs));
  const named = new Map<string, number>();
  const rows = sessions.flatMap(({ id, calls, lineOf }) => {
    const count = (named.get(id) ?? 0) + 1;
    named.set(id, count);
    const sessionId = count === 1 ? id : `${id}#${count}`;
    return sessionRows({ sessionId, calls, originMs, timesOf, blocksOf }).map(({ row, span }) => ({
      line: lineOf(span),
      text: JSON.stringify(row),
    }));
  });
  return rowFileOf(path, rows);
}

/** Recorded times with long pauses shortened; limits are ms of the replay, which is sped up afterwards. */
function replayedTimes(
  sessions: readonly RecordedSession[],
  { speedup, maxSessionIdleMs, maxIdleMs }: Pace,
): TimesOf {
  const recorded = (limitMs: number | undefined) => (limitMs === undefined ? undefined : limitMs * speedup);
  const calls = sessions.flatMap((session) => session.calls);
  const moved = withoutLongGaps(
    calls.map(({ call }) => call.span),
    recorded(maxIdleMs),
  );
  const times = new Map(calls.map((call, place) => [call, moved[place] ?? call.call.span]));
  const timesOf: TimesOf = (call) => times.get(call) ?? call.call.span;
  for (const session of sessions) {
    const own = withoutLongGaps(session.calls.map(timesOf), recorded(maxSessionIdleMs));
    for (const [place, call] of session.calls.entries()) times.set(call, own[place] ?? call.call.span);
  }
  return timesOf;
}
