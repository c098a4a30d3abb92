import type { TurnTiming, TurnTimings } from '../dataset/turn-timings.js';
import { UserError } from '../util/errors.js';

/** The part of the recorded time to replay, ms on the dataset's own clock. */
export interface ScheduleWindow {
  /** First and last timestamp to keep; absent: unbounded. */
  readonly startOffsetMs?: number | undefined;
  readonly endOffsetMs?: number | undefined;
  /**
   * Without a start offset, send the earliest first turn at once (default); false: start at time zero of the dataset.
   */
  readonly autoOffset?: boolean | undefined;
}

/** Which turns to send and when. Plain data; sessions are in order of their start. */
export interface FixedSchedule {
  /** The timestamp that coincides with the phase's start, ms. */
  readonly zeroMs: number;
  /**
   * Per session: its conversation in the dataset, and the due time of its first turn, integer ns after the phase's
   * start.
   */
  readonly conversations: Uint32Array;
  readonly dueNs: Float64Array;
  /** Turns to send, as indexes within their conversation; those of session s are at `turnsBefore[s]` to `[s + 1]`. */
  readonly turns: Uint32Array;
  readonly turnsBefore: Uint32Array;
}

/** The schedule of a streamed dataset, whose sessions get known as the file is read. Plain data. */
export interface StreamedSchedule {
  readonly window: ScheduleWindow;
}

/** Number of sessions; Infinity if it is not known before the end. */
export function sessionsOf(schedule: FixedSchedule | StreamedSchedule): number {
  return 'window' in schedule ? Number.POSITIVE_INFINITY : schedule.conversations.length;
}

/** @throws UserError if the window ends before it starts. */
export function requireForwardWindow({ startOffsetMs, endOffsetMs }: ScheduleWindow): void {
  if (startOffsetMs !== undefined && endOffsetMs !== undefined && startOffsetMs > endOffsetMs) {
    throw new UserError(
      `the start offset of the fixed schedule, ${startOffsetMs} ms, is after its end offset, ${endOffsetMs} ms`,
      'give --fixed-schedule-end-offset at least the value of --fixed-schedule-start-offset',
    );
  }
}

/**
 * The schedule of a recorded dataset: first turns at their timestamps, ties in dataset order.
 * The window (both ends inclusive) is applied to each turn, so a session may lose its first turns; the rest becomes a
 * session that starts later. A turn without a timestamp is relative to the response of the turn before it, so it is
 * kept or dropped with the nearest earlier turn that has one. Otherwise it would follow a turn that was not sent, or
 * start a session without a time.
 * @throws UserError if the window is inverted or leaves nothing, or if a session's first turn has no timestamp.
 */
export function fixedSchedule(timings: TurnTimings, window: ScheduleWindow = {}): FixedSchedule {
  requireForwardWindow(window);
  const sessions = keptSessions(timings, window).sort((a, b) => a.firstMs - b.firstMs);
  const zeroMs = zeroOf(window, sessions[0]?.firstMs ?? 0);
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

/** The timestamp that coincides with the phase's start, ms. @param firstMs that of the first turn that is sent. */
export function zeroOf({ startOffsetMs, autoOffset = true }: ScheduleWindow, firstMs: number): number {
  return startOffsetMs ?? (autoOffset ? firstMs : 0);
}

/** The turns of a session to send, as indexes within its conversation. */
export function keptTurns({ turns, turnsBefore }: FixedSchedule, session: number): Uint32Array {
  return turns.subarray(turnsBefore[session], turnsBefore[session + 1]);
}

/**
 * Due time of a later turn of a session, ns after the phase's start: its own timestamp, or the previous response if
 * that is later. Without a timestamp it is the response plus the turn's delay, if any.
 * @param returnNs time of the previous response, ns after the phase's start.
 * @param zeroMs the schedule's.
 * @returns also the delay behind the turn's own timestamp, ns.
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

/** Time of a timestamp, integer ns after the phase's start. */
export function timestampDueNs(timestampMs: number, zeroMs: number): number {
  return Math.round((timestampMs - zeroMs) * 1e6);
}

interface KeptSession {
  readonly conversation: number;
  readonly firstMs: number;
  readonly turns: readonly number[];
}

/** The sessions within the window, in dataset order. */
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
