import { UserError } from '../../../util/errors.js';
import { groupBy } from '../../../util/lists.js';
import type { Log } from '../../../util/log.js';
import type { Pace } from '../../pace.js';
import type { Call } from '../otel/call.js';
import { orderedCalls } from '../otel/call-order.js';
import { openModels, plainCall, plainSpan } from '../otel/plain-calls.js';
import { openPrefixes } from '../otel/prefixes.js';
import { type AgentRows, type RecordedSession, recordedRows } from '../otel/recorded-rows.js';
import type { Span } from '../otel/span.js';
import { inRow, parseRow } from '../read-row.js';
import { type RowFile, rowCount } from '../row-file.js';
import { type Round, readRound } from './round.js';
import { findStarts, type RoundSession, type Start } from './subagents.js';

interface TraceLabOptions {
  readonly blockSize: number;
  readonly pace: Pace;
  /** Of `--model`. */
  readonly models: readonly string[];
}

/**
 * The sessions of a file of rounds as rows of `dag_jsonl`; sub-agents are part of the session that started them.
 * @throws UserError naming file and line, for a malformed round, and if no round has times.
 */
export function traceLabRows(
  file: RowFile,
  { blockSize, pace, models }: TraceLabOptions,
  log: Log,
): AgentRows {
  const sessions = sessionsOf(readRounds(file, log));
  const starts = findStarts(sessions);
  if (starts.size > 0) {
    const share = `${starts.size} of ${sessions.length} sessions are sub-agents of others`;
    log('INFO', 'dataset', `${file.path}: ${share}`);
  }
  const prefixBlocks = openPrefixes(blockSize);
  const blocks = new Map<Call, readonly number[]>();
  const recorded = withSubagents(sessions, starts).map((agents) =>
    recordedSession(agents, starts, models, (call, before) => {
      blocks.set(call, prefixBlocks(call, before));
    }),
  );
  return { rows: recordedRows(file.path, recorded, pace, (call) => blocks.get(call) ?? []), blockSize };
}

function readRounds(file: RowFile, log: Log): Round[] {
  const rounds: Round[] = [];
  for (let row = 0; row < rowCount(file); row++) {
    const round = inRow(file, row, () => readRound(parseRow(file, row), file.lines[row] ?? 1));
    if (round !== undefined) rounds.push(round);
  }
  if (rounds.length === 0)
    throw new UserError(`${file.path} holds no round with times`, 'expected timing_events with timestamps');
  const untimed = rowCount(file) - rounds.length;
  if (untimed > 0)
    log('WARNING', 'dataset', `${file.path}: ${untimed} rounds are left out, which have no times`);
  return rounds;
}

/** In the order of their first rows. */
function sessionsOf(rounds: readonly Round[]): RoundSession[] {
  return [...groupBy(rounds, ({ sessionId }) => sessionId)].map(([id, own]) => ({
    id,
    rounds: own.sort((a, b) => a.startMs - b.startMs || a.index - b.index),
    firstMs: own.reduce((least, { firstMs }) => Math.min(least, firstMs), Number.POSITIVE_INFINITY),
    lastMs: own.reduce((most, { lastMs }) => Math.max(most, lastMs), Number.NEGATIVE_INFINITY),
  }));
}

/** Each session that no other started, then its sub-agents and theirs. */
function withSubagents(
  sessions: readonly RoundSession[],
  starts: ReadonlyMap<RoundSession, Start>,
): RoundSession[][] {
  const groups = new Map<RoundSession, RoundSession[]>();
  for (const session of sessions) if (!starts.has(session)) groups.set(session, [session]);
  for (const session of starts.keys()) {
    let root = session;
    for (let start = starts.get(root); start !== undefined; start = starts.get(root)) root = start.parent;
    groups.get(root)?.push(session);
  }
  return [...groups.values()];
}

/** @param agents of one session, the main one first. @param add called with each call and the one of its agent before it. */
function recordedSession(
  agents: readonly RoundSession[],
  starts: ReadonlyMap<RoundSession, Start>,
  models: readonly string[],
  add: (call: Call, before: Call | undefined) => void,
): RecordedSession {
  const spans = new Map<RoundSession, Span>();
  for (const agent of agents) {
    const start = starts.get(agent);
    if (start === undefined) continue;
    const startMs = Math.max(agent.firstMs, start.spawnedMs);
    spans.set(agent, plainSpan(startMs, Math.max(startMs, agent.lastMs), agent.id));
  }
  const rounds = agents.flatMap((agent) => agent.rounds);
  const modelOf = openModels(
    rounds.map(({ model }) => model),
    models,
  );
  const calls: Call[] = [];
  const lines = new Map<Span, number>();
  const paths = new Map<Span, readonly Span[]>();
  for (const agent of agents) {
    const around: Span[] = [];
    for (
      let outer: RoundSession | undefined = agent;
      outer !== undefined;
      outer = starts.get(outer)?.parent
    ) {
      const span = spans.get(outer);
      if (span !== undefined) around.push(span);
    }
    let before: Call | undefined;
    for (const round of agent.rounds) {
      const span = plainSpan(round.startMs, round.endMs);
      paths.set(span, [span, ...around]);
      lines.set(span, round.line);
      const call = plainCall(span, round, modelOf(round.model));
      add(call, before);
      calls.push(call);
      before = call;
    }
  }
  return {
    id: agents[0]?.id ?? '',
    calls: orderedCalls(calls, { path: (span) => paths.get(span) ?? [span] }),
    lineOf: (span) => lines.get(span) ?? 1,
  };
}
