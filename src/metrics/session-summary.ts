import { requestLatency, timeToFirstToken } from './request-metrics.js';
import type { RequestTable } from './request-table.js';
import type { SessionFacts } from './sessions.js';
import { type Statistics, scaled, statisticsOf } from './statistics.js';
import { usageMetric } from './usage-metrics.js';

/** The requests with one number within their conversation, over all sessions with several. */
export interface TurnRow {
  /** From 0. */
  readonly turn: number;
  /** Successful ones. */
  readonly requests: number;
  /** ms; undefined for whole responses. */
  readonly ttft: Statistics | undefined;
  readonly latency: Statistics | undefined;
  /** Means of what the server reports, tokens, and the share of the one in the other, from 0 to 1; undefined where it reports neither. */
  readonly promptTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  readonly cachedShare: number | undefined;
}

/** How the sessions with several requests ended, and their requests by turn. */
export interface SessionSummary {
  readonly completed: number;
  /** A request failed. */
  readonly failed: number;
  /** The run ended before they did. */
  readonly cutOff: number;
  readonly turns: readonly TurnRow[];
}

/** Later turns have no row of their own. */
const MOST_TURNS = 1000;

/** Undefined where every session has one request. */
export function sessionSummary(
  table: RequestTable,
  sessions: readonly SessionFacts[],
): SessionSummary | undefined {
  if (sessions.length === 0) return undefined;
  const completed = sessions.filter(({ isComplete }) => isComplete).length;
  const failed = sessions.filter(({ hasFailed }) => hasFailed).length;
  return {
    completed,
    failed,
    cutOff: sessions.length - completed - failed,
    turns: turnRows(table, sessions),
  };
}

function turnRows(table: RequestTable, sessions: readonly SessionFacts[]): TurnRow[] {
  const byTurn = new Map<number, number[]>();
  for (const row of sessions.flatMap(({ rows }) => rows)) {
    const turn = table.sessionRows.turn(row);
    if (turn >= MOST_TURNS || table.outcome(row) !== 'succeeded') continue;
    const rows = byTurn.get(turn);
    if (rows === undefined) byTurn.set(turn, [row]);
    else rows.push(row);
  }
  return [...byTurn]
    .sort(([a], [b]) => a - b)
    .map(([turn, unsorted]) => {
      const rows = Int32Array.from(unsorted).sort();
      const inMs = (statistics: Statistics | undefined) => statistics && scaled(statistics, 1e-6);
      return {
        turn,
        requests: rows.length,
        ttft: inMs(statisticsOf(table.sorted(timeToFirstToken, rows))),
        latency: inMs(statisticsOf(table.sorted(requestLatency, rows))),
        ...cachedOf(table, rows),
      };
    });
}

/** Over the requests for which the server reports both. */
function cachedOf(
  table: RequestTable,
  rows: Int32Array,
): Pick<TurnRow, 'promptTokens' | 'cachedTokens' | 'cachedShare'> {
  const [prompt, cached] = (['prompt', 'cacheRead'] as const).map((field) =>
    table.column(usageMetric(field)),
  );
  let [sent, found, count] = [0, 0, 0];
  for (const row of rows) {
    const [tokens, hits] = [prompt?.at(row) ?? Number.NaN, cached?.at(row) ?? Number.NaN];
    if (Number.isNaN(tokens) || Number.isNaN(hits)) continue;
    sent += tokens;
    found += hits;
    count++;
  }
  if (count === 0) return { promptTokens: undefined, cachedTokens: undefined, cachedShare: undefined };
  return {
    promptTokens: sent / count,
    cachedTokens: found / count,
    cachedShare: sent === 0 ? 0 : found / sent,
  };
}
