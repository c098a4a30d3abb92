import type { TurnTiming, TurnTimings } from '../dataset/turn-timings.js';
import { UserError } from '../util/errors.js';

/** Which part of the recorded time is replayed, ms on the dataset's own clock. */
export interface ScheduleWindow {
  /** First and last timestamp that is kept; absent: no bound. */
  readonly startOffsetMs?: number | undefined;
  readonly endOffsetMs?: number | undefined;
  /** Without a start offset the earliest first turn is sent at once; false: time zero of the dataset is. Default true. */
  readonly autoOffset?: boolean | undefined;
}

/** What is sent when. Plain data; sessions stand in the order in which they start. */
export interface FixedSchedule {
  /** Timestamp that falls on the phase's start, ms. */
  readonly zeroMs: number;
  /** By session: its conversation in the dataset, and when its first turn is due, whole ns after the phase's start. */
  readonly conversations: Uint32Array;
  readonly dueNs: Float64Array;
  /** Turns that are kept, numbered within their conversation; session s has `turnsBefore[s]` to `[s + 1]`. */
  readonly turns: Uint32Array;
  readonly turnsBefore: Uint32Array;
}

/**
 * The schedule of a recorded dataset: first turns at their timestamps, equal ones together in the dataset's order.
 *
 * The window is laid on turn by turn, both ends included, so a session may lose its first turns; the rest is then a
 * session that starts later. A turn without a timestamp counts from the return of the turn in front of it, so it
 * shares the lot of the nearest turn in front of it that has one: after a turn that is not sent it would stand for
 * nothing that was recorded, and where it was kept at the head of a session it would have no time.
 *
 * @throws UserError where the window is upside down or leaves nothing, or a session's first turn has no timestamp.
 */
export function fixedSchedule(timings: TurnTimings, window: ScheduleWindow = {}): FixedSchedule {
  const { startOffsetMs, endOffsetMs, autoOffset = true } = window;
  if (startOffsetMs !== undefined && endOffsetMs !== undefined && startOffsetMs > endOffsetMs) {
    throw new UserError(
      `the start offset of the fixed schedule, ${startOffsetMs} ms, is after its end offset, ${endOffsetMs} ms`,
      'give --fixed-schedule-end-offset at least the value of --fixed-schedule-start-offset',
    );
  }
  const sessions = keptSessions(timings, window).sort((a, b) => a.firstMs - b.firstMs);
  const zeroMs = startOffsetMs ?? (autoOffset ? (sessions[0]?.firstMs ?? 0) : 0);
  const turnsBefore = new Uint32Array(sessions.length + 1);
  for (const [session, { turns }] of sessions.entries()) {
    turnsBefore[session + 1] = (turnsBefore[session] ?? 0) + turns.length;
  }
  return {
    zeroMs,
    conversations: Uint32Array.from(sessions, ({ conversation }) => conversation),
    dueNs: Float64Array.from(sessions, ({ firstMs }) => timestampDueNs(firstMs, zeroMs)),
    turns: Uint32Array.from(sessions.flatMap(({ turns }) => turns)),
    turnsBefore,
  };
}

/** Turns of a session that are sent, numbered within its conversation. */
export function keptTurns({ turns, turnsBefore }: FixedSchedule, session: number): Uint32Array {
  return turns.subarray(turnsBefore[session], turnsBefore[session + 1]);
}

/**
 * When a later turn of a session is due, ns after the phase's start: at its own timestamp, or at once after the
 * previous return if that is later; without a timestamp its delay after the return, without either at once.
 * @param returnNs when the previous turn returned, ns after the phase's start.
 * @param zeroMs the schedule's.
 * @returns also by how much that is later than the turn's own timestamp, ns.
 */
export function dueAfterReturn(
  turn: TurnTiming,
  returnNs: number,
  zeroMs: number,
): { readonly dueNs: number; readonly postponedNs: number } {
  if (turn.timestampMs === undefined)
    return { dueNs: returnNs + Math.max(0, Math.round((turn.delayMs ?? 0) * 1e6)), postponedNs: 0 };
  const recordedNs = timestampDueNs(turn.timestampMs, zeroMs);
  return { dueNs: Math.max(returnNs, recordedNs), postponedNs: Math.max(0, returnNs - recordedNs) };
}

function timestampDueNs(timestampMs: number, zeroMs: number): number {
  return Math.round((timestampMs - zeroMs) * 1e6);
}

interface KeptSession {
  readonly conversation: number;
  readonly firstMs: number;
  readonly turns: readonly number[];
}

/** What the window leaves, in the dataset's order. */
function keptSessions(timings: TurnTimings, window: ScheduleWindow): KeptSession[] {
  const { startOffsetMs = Number.NEGATIVE_INFINITY, endOffsetMs = Number.POSITIVE_INFINITY } = window;
  const sessions: KeptSession[] = [];
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (let conversation = 0; conversation < timings.size; conversation++) {
    const turns: number[] = [];
    let firstMs = 0;
    let kept = false;
    for (const [turn, { timestampMs }] of timings.turns(conversation).entries()) {
      if (timestampMs !== undefined) {
        earliestMs = Math.min(earliestMs, timestampMs);
        latestMs = Math.max(latestMs, timestampMs);
        kept = timestampMs >= startOffsetMs && timestampMs <= endOffsetMs;
        if (kept && turns.length === 0) firstMs = timestampMs;
      } else if (turn === 0) {
        throw new UserError(
          `the first turn of ${timings.nameOf(conversation)} has no timestamp`,
          'a fixed schedule needs one, in ms, on the first turn of every session: add it, or leave out --fixed-schedule',
        );
      }
      if (kept) turns.push(turn);
    }
    if (turns.length > 0) sessions.push({ conversation, firstMs, turns });
  }
  if (sessions.length > 0) return sessions;
  throw new UserError(
    `no turn has a timestamp ${inWords(window)}; those of the dataset run from ${earliestMs} to ${latestMs} ms`,
    'choose --fixed-schedule-start-offset and --fixed-schedule-end-offset so that some are between them',
  );
}

function inWords({ startOffsetMs, endOffsetMs }: ScheduleWindow): string {
  if (endOffsetMs === undefined) return `of at least ${startOffsetMs} ms`;
  if (startOffsetMs === undefined) return `of at most ${endOffsetMs} ms`;
  return `from ${startOffsetMs} to ${endOffsetMs} ms`;
}
