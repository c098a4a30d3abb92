import { expect, it } from 'vitest';
import { MetricStore } from '../../src/metrics/metric-store.js';
import { RequestTable } from '../../src/metrics/request-table.js';
import { sessionsOf } from '../../src/metrics/sessions.js';
import { metricOf } from '../../src/metrics/table.js';
import { type AgentFacts, blankRecord, type RequestRecord } from '../../src/records/record.js';

const traits = { streaming: true, producesTokens: true, tokenizesInput: true, serverTokenCounts: false };
const thresholds = { oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 };
const origin = { monotonicNs: 0n, epochNs: 1_700_000_000_000_000_000n };

interface Request {
  readonly session: string;
  readonly turn: number;
  /** ms. */
  readonly start: number;
  readonly end: number;
  readonly final?: boolean;
  readonly fails?: boolean;
  /** Cancelled by the end of the run. */
  readonly dropped?: boolean;
  readonly cached?: number;
  readonly id?: string;
  readonly agent?: AgentFacts;
}

function record({
  session,
  turn,
  start,
  end,
  final = false,
  dropped = false,
  fails = dropped,
  cached,
  id = '',
  agent,
}: Request): RequestRecord {
  return {
    ...blankRecord(),
    correlationId: session,
    requestId: id,
    turnIndex: turn,
    isFinalTurn: final,
    agent,
    dueNs: start * 1e6,
    startNs: start * 1e6,
    endNs: end * 1e6 + 1,
    contentNs: fails ? new Float64Array() : Float64Array.of((start + 1) * 1e6, end * 1e6),
    text: 'x',
    error: fails ? { code: 500, type: 'E', message: 'no' } : undefined,
    dropped,
    cancelledNs: dropped ? end * 1e6 : undefined,
    usage:
      cached === undefined
        ? undefined
        : {
            prompt_tokens: 100 * (turn + 1),
            completion_tokens: 1,
            prompt_tokens_details: { cached_tokens: cached },
          },
  };
}

function storeOf(requests: readonly Request[]): MetricStore {
  const store = new MetricStore(traits, thresholds, origin);
  const tokens = { input: 1, output: 1, reasoning: undefined };
  for (const request of requests) store.add({ record: record(request), tokens });
  return store;
}

function averages(store: MetricStore): Record<string, number | undefined> {
  const { results } = store.summary();
  return Object.fromEntries(
    results
      .filter(({ tag }) => tag.startsWith('session_'))
      .map(({ tag, statistics }) => [tag, Number(statistics.avg?.toFixed(9))]),
  );
}

const twoTurns: readonly Request[] = [
  { session: 'a', turn: 0, start: 0, end: 100, cached: 0 },
  // After 400 ms of a tool.
  { session: 'a', turn: 1, start: 500, end: 700, cached: 150, final: true },
];

it('has the parts of a session: 100 and 200 ms of the server, 400 ms of waiting', () => {
  expect(averages(storeOf(twoTurns))).toEqual({
    session_duration: 0.7,
    session_server_time: 0.3,
    session_wait_time: 0.4,
    session_critical_path: 0.3,
    session_turns: 2,
    session_agents: 1,
    // 150 of 100 + 200.
    session_prompt_cache_read_pct: 50,
  });
});

it('follows the longest chain of a graph, whose agents run side by side', () => {
  const of = (depth: number, waitsFor?: readonly string[]): AgentFacts => ({
    depth,
    root: 'r',
    ...(depth === 0 ? {} : { parent: 'r' }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  });
  const store = storeOf([
    { session: 'r', id: '1', turn: 0, start: 0, end: 100, agent: of(0) },
    { session: 'p', id: '2', turn: 0, start: 100, end: 400, agent: of(1, ['1']) },
    { session: 'q', id: '3', turn: 0, start: 120, end: 300, agent: of(1, ['1']) },
    { session: 'q', id: '4', turn: 1, start: 350, end: 500, agent: of(1) },
    { session: 'r', id: '5', turn: 1, start: 600, end: 650, agent: of(0, ['2', '4']), final: true },
  ]);
  expect(averages(store)).toEqual({
    session_duration: 0.65,
    // 0 to 500, without a gap since one agent always has a request, and 50.
    session_server_time: 0.55,
    session_wait_time: 0.1,
    // 100, then 180 and 150 of q, not 300 of p, then 50.
    session_critical_path: 0.48,
    session_turns: 5,
    session_agents: 3,
  });
});

it('counts complete sessions without failures, and says how the others ended', () => {
  const store = storeOf([
    ...twoTurns,
    { session: 'b', turn: 0, start: 10, end: 20 },
    { session: 'cut', turn: 0, start: 10, end: 20 },
    { session: 'cut', turn: 1, start: 20, end: 30, dropped: true, final: true },
    { session: 'c', turn: 0, start: 10, end: 30 },
    { session: 'c', turn: 1, start: 30, end: 40, fails: true },
    { session: 'c', turn: 2, start: 40, end: 50, final: true },
    { session: 'alone', turn: 0, start: 5, end: 6, final: true },
  ]);
  const { sessions } = store.summary();
  expect(sessions).toMatchObject({ completed: 1, failed: 1, cutOff: 2 });
  expect(averages(store).session_turns).toBe(2);
  expect(sessions?.turns.map(({ turn, requests, cachedShare }) => [turn, requests, cachedShare])).toEqual([
    [0, 4, 0],
    // Of a: 150 of 200.
    [1, 1, 0.75],
    [2, 1, undefined],
  ]);
  expect(sessions?.turns[1]?.latency?.avg).toBe(200);
});

it('has nothing where every session has one request, and takes no memory for them', () => {
  const store = storeOf([
    { session: 'a', turn: 0, start: 0, end: 1, final: true },
    { session: 'b', turn: 0, start: 0, end: 1, final: true },
  ]);
  expect(store.table.sessionRows.count).toBe(0);
  expect(store.summary().sessions).toBeUndefined();
  expect(averages(store)).toEqual({});
});

it('goes to another thread with the table', () => {
  const { table } = storeOf(twoTurns);
  const { message, transfer } = table.toMessage();
  const there = RequestTable.fromMessage(structuredClone(message, { transfer }), metricOf);
  expect(sessionsOf(there).map(({ startNs, endNs, rows }) => [startNs, endNs, rows])).toEqual([
    [0, 700e6, [0, 1]],
  ]);
});
