import { requestLatency } from './request-metrics.js';
import type { RequestTable } from './request-table.js';
import { usageMetric } from './usage-metrics.js';

/** A session of several requests. Times are ns since the run's clock origin. */
export interface SessionFacts {
  /** Rows in order of their starts. */
  readonly rows: readonly number[];
  /** Its last request was sent, and all succeeded. */
  readonly isComplete: boolean;
  /** Not by the end of the run alone. */
  readonly hasFailed: boolean;
  readonly agents: number;
  readonly startNs: number;
  /** Last content chunk of all its requests, or end of one without. */
  readonly endNs: number;
  /** Time with at least one request in flight. */
  readonly serverNs: number;
  /** Longest chain of requests that waited for one another: the sum of their latencies. */
  readonly criticalNs: number;
  /** Tokens that the server reports for requests with both counts; undefined without any. */
  readonly promptTokens: number | undefined;
  readonly cachedTokens: number | undefined;
}

/** The sessions of a run that have several requests, in order of their starts; those with one are left out. */
export function sessionsOf(table: RequestTable): readonly SessionFacts[] {
  const { sessionRows } = table;
  if (sessionRows.count === 0) return [];
  const bySession = new Map<number, number[]>();
  for (let row = 0; row < table.length; row++) {
    const session = sessionRows.session(row);
    if (Number.isNaN(session)) continue;
    const rows = bySession.get(session);
    if (rows === undefined) bySession.set(session, [row]);
    else rows.push(row);
  }
  const sessions: SessionFacts[] = [];
  for (const rows of bySession.values()) {
    if (!rows.some((row) => isOneOfSeveral(table, row))) continue;
    rows.sort((a, b) => table.startNs(a) - table.startNs(b));
    sessions.push(factsOf(table, rows));
  }
  return sessions.sort((a, b) => a.startNs - b.startNs);
}

/** Not for a request that is all of its session; files of AIPerf do not tell these from the first ones of others. */
function isOneOfSeveral({ sessionRows }: RequestTable, row: number): boolean {
  const isAlone = sessionRows.turn(row) === 0 && sessionRows.isLast(row);
  return !isAlone || sessionRows.agent(row) !== sessionRows.session(row);
}

/** When the answer of a request ended. */
function answerEndNs(table: RequestTable, row: number): number {
  const latencyNs = table.column(requestLatency)?.at(row) ?? Number.NaN;
  return Number.isNaN(latencyNs) ? table.endNs(row) : table.startNs(row) + latencyNs;
}

function factsOf(table: RequestTable, rows: readonly number[]): SessionFacts {
  const { sessionRows } = table;
  const [prompt, cached] = (['prompt', 'cacheRead'] as const).map((field) =>
    table.column(usageMetric(field)),
  );
  let [promptTokens, cachedTokens] = [0, 0];
  let serverNs = 0;
  let endNs = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const rowEndNs = answerEndNs(table, row);
    serverNs += Math.max(0, rowEndNs - Math.max(endNs, table.startNs(row)));
    endNs = Math.max(endNs, rowEndNs);
    const [sent, found] = [prompt?.at(row) ?? Number.NaN, cached?.at(row) ?? Number.NaN];
    if (Number.isNaN(sent) || Number.isNaN(found)) continue;
    promptTokens += sent;
    cachedTokens += found;
  }
  return {
    rows,
    isComplete:
      rows.every((row) => table.outcome(row) === 'succeeded') && rows.some((row) => sessionRows.isLast(row)),
    hasFailed: rows.some((row) => table.outcome(row) !== 'succeeded' && !table.isDropped(row)),
    agents: new Set(rows.map((row) => sessionRows.agent(row))).size,
    startNs: table.startNs(rows[0] ?? 0),
    endNs,
    serverNs,
    criticalNs: longestChain(table, rows),
    promptTokens: promptTokens === 0 ? undefined : promptTokens,
    cachedTokens: promptTokens === 0 ? undefined : cachedTokens,
  };
}

/** @param rows in order of their starts: what a request waited for has ended before. */
function longestChain(table: RequestTable, rows: readonly number[]): number {
  const { sessionRows } = table;
  const ofAgent = new Map<number, number>();
  const ofRequest = new Map<number, number>();
  let longest = 0;
  for (const row of rows) {
    const agent = sessionRows.agent(row);
    let before = ofAgent.get(agent) ?? 0;
    for (const request of sessionRows.waits(row)) before = Math.max(before, ofRequest.get(request) ?? 0);
    const chain = before + answerEndNs(table, row) - table.startNs(row);
    ofAgent.set(agent, chain);
    ofRequest.set(sessionRows.request(row), chain);
    longest = Math.max(longest, chain);
  }
  return longest;
}
