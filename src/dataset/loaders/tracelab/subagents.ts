import { groupBy } from '../../../util/lists.js';
import type { Round } from './round.js';

/** The rounds of a session in the order in which they were sent, at least one. */
export interface RoundSession {
  readonly id: string;
  readonly rounds: readonly Round[];
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Which session started another, and when the answer that did was whole. */
export interface Start {
  readonly parent: RoundSession;
  readonly spawnedMs: number;
}

/** The time in which a session waited for agents that it had started. */
interface Window extends Start {
  readonly fromMs: number;
  readonly untilMs: number;
}

const blockingTools = ['Agent', 'Task'];
/** Shorter calls of such tools failed. */
const LEAST_WINDOW_MS = 10_000;

/**
 * The trace does not record which session started which: a session that ran within a call of an agent tool of another
 * session of the same user and project, or the shortest of several, was started by it.
 */
export function findStarts(sessions: readonly RoundSession[]): ReadonlyMap<RoundSession, Start> {
  const windows = groupBy(sessions.flatMap(windowsOf), ({ parent }) => ownerOf(parent));
  const starts = new Map<RoundSession, Start>();
  for (const session of sessions) {
    const [tightest] = (windows.get(ownerOf(session)) ?? [])
      .filter(
        ({ parent, fromMs, untilMs }) =>
          // Otherwise two of them could start each other.
          parent.firstMs < session.firstMs && fromMs <= session.firstMs && session.lastMs <= untilMs,
      )
      .sort((a, b) => a.untilMs - a.fromMs - (b.untilMs - b.fromMs) || a.fromMs - b.fromMs);
    if (tightest !== undefined) starts.set(session, tightest);
  }
  return starts;
}

function ownerOf({ rounds: [first] }: RoundSession): string {
  return first?.owner ?? '';
}

function windowsOf(session: RoundSession): Window[] {
  const [first] = session.rounds;
  const calls = session.rounds.flatMap((round) =>
    round.tools.map((tool) => ({ ...tool, spawnedMs: round.endMs })),
  );
  if (first?.isCodex) {
    // Its agents run beside it until it has waited for the last of them.
    const spawns = calls.filter(({ name, startMs }) => name === 'spawn_agent' && startMs !== undefined);
    const waits = calls.filter(({ name, endMs }) => name === 'wait_agent' && endMs !== undefined);
    const fromMs = Math.min(...spawns.map(({ startMs }) => startMs ?? 0));
    const untilMs = Math.max(...waits.map(({ endMs }) => endMs ?? 0));
    const spawnedMs = Math.min(...spawns.map((call) => call.spawnedMs));
    return spawns.length > 0 && untilMs > fromMs ? [{ parent: session, fromMs, untilMs, spawnedMs }] : [];
  }
  return calls.flatMap(({ name = '', startMs: fromMs, endMs: untilMs, latencyMs, spawnedMs }) =>
    blockingTools.includes(name) &&
    latencyMs >= LEAST_WINDOW_MS &&
    fromMs !== undefined &&
    untilMs !== undefined
      ? [{ parent: session, fromMs, untilMs, spawnedMs }]
      : [],
  );
}
