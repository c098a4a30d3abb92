import { describe, expect, it } from 'vitest';
import type { TurnTiming, TurnTimings } from '../../src/dataset/turn-timings.js';
import {
  dueAfterReturn,
  type FixedSchedule,
  fixedSchedule,
  keptTurns,
  type ScheduleWindow,
} from '../../src/schedule/fixed-schedule.js';
import { UserError } from '../../src/util/errors.js';

/** A number is a timestamp in ms, `+5` a delay of 5 ms, `-` neither. */
function timingsOf(...sessions: (number | string)[][]): TurnTimings {
  const turns = sessions.map((session) =>
    session.map((turn): TurnTiming => {
      if (typeof turn === 'number') return { timestampMs: turn };
      return turn === '-' ? {} : { delayMs: Number(turn) };
    }),
  );
  return {
    size: turns.length,
    turns: (conversation) => turns[conversation] ?? [],
    nameOf: (conversation) => `session number ${conversation}`,
  };
}

/** Sessions as [conversation, due ms, kept turns]. */
function shown(schedule: FixedSchedule) {
  return Array.from(schedule.conversations, (conversation, session) => [
    conversation,
    (schedule.dueNs[session] ?? Number.NaN) / 1e6,
    Array.from(keptTurns(schedule, session)),
  ]);
}

function errorOf(act: () => unknown): UserError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('a fixed schedule', () => {
  it('is in order of first turns, ties in the order of the dataset, from the earliest on', () => {
    const schedule = fixedSchedule(timingsOf([700], [500], [700], [600.5], [500], [700]));
    expect(schedule.zeroMs).toBe(500);
    expect(shown(schedule)).toEqual([
      [1, 0, [0]],
      [4, 0, [0]],
      [3, 100.5, [0]],
      [0, 200, [0]],
      [2, 200, [0]],
      [5, 200, [0]],
    ]);
  });

  const trace = timingsOf([100], [199.999], [200], [250], [300], [300.001], [400]);
  it.each<ScheduleWindow & { zero: number; sessions: unknown[][] }>([
    // Both ends belong to the window; a start offset is time zero.
    {
      startOffsetMs: 200,
      endOffsetMs: 300,
      zero: 200,
      sessions: [
        [2, 0, [0]],
        [3, 50, [0]],
        [4, 100, [0]],
      ],
    },
    {
      startOffsetMs: 260,
      zero: 260,
      sessions: [
        [4, 40, [0]],
        [5, 40.001, [0]],
        [6, 140, [0]],
      ],
    },
    {
      endOffsetMs: 199.999,
      zero: 100,
      sessions: [
        [0, 0, [0]],
        [1, 99.999, [0]],
      ],
    },
    { endOffsetMs: 100, autoOffset: false, zero: 0, sessions: [[0, 100, [0]]] },
    { startOffsetMs: 400, endOffsetMs: 400, zero: 400, sessions: [[6, 0, [0]]] },
    { startOffsetMs: 0, endOffsetMs: 100, zero: 0, sessions: [[0, 100, [0]]] },
  ])('from $startOffsetMs to $endOffsetMs ms (auto offset $autoOffset) starts at $zero', (row) => {
    const { zero, sessions, ...window } = row;
    const schedule = fixedSchedule(trace, window);
    expect(schedule.zeroMs).toBe(zero);
    expect(shown(schedule)).toEqual(sessions);
  });

  it.each([
    // Turn by turn: the first turns may go, and the last.
    { turns: [100, 200, 300, 400], kept: [1, 2], dueMs: 0 },
    { turns: [100, 250, 300], kept: [1, 2], dueMs: 50 },
    { turns: [200, 500, 300], kept: [0, 2], dueMs: 0 },
    // What counts from a turn that is not sent is not sent either.
    { turns: [100, '+5', '-', 250, '+5', '-'], kept: [3, 4, 5], dueMs: 50 },
    { turns: [200, '+5', 301, '+5', '-'], kept: [0, 1], dueMs: 0 },
    { turns: [200, '-', 400, '+5', 300, '-'], kept: [0, 1, 4, 5], dueMs: 0 },
  ])('of the window from 200 to 300 ms keeps the turns $kept of $turns', ({ turns, kept, dueMs }) => {
    const schedule = fixedSchedule(timingsOf(turns), { startOffsetMs: 200, endOffsetMs: 300 });
    expect(shown(schedule)).toEqual([[0, dueMs, kept]]);
  });

  it('counts time zero from kept first turns only, and drops sessions that are left with nothing', () => {
    // Session 0 starts with 450, though its second turn is earlier; session 1 is left without its 100, session 2
    // with nothing.
    const schedule = fixedSchedule(timingsOf([450, 420], [1000, 440], [2000, '+5']), { endOffsetMs: 500 });
    expect(schedule.zeroMs).toBe(440);
    expect(shown(schedule)).toEqual([
      [1, 0, [1]],
      [0, 10, [0, 1]],
    ]);
  });

  it('can be handed to another thread', () => {
    const schedule = fixedSchedule(timingsOf([5, '+1'], [3]));
    expect(structuredClone(schedule)).toEqual(schedule);
    expect(Array.from(schedule.turns)).toEqual([0, 0, 1]);
    expect(Array.from(schedule.turnsBefore)).toEqual([0, 1, 3]);
  });

  it('refuses a first turn without a timestamp and names its session', () => {
    const error = errorOf(() => fixedSchedule(timingsOf([5], ['+1', 7])));
    expect(error.message).toBe('the first turn of session number 1 has no timestamp');
    expect(error.hint).toContain('--fixed-schedule');
  });

  it.each([
    { window: { startOffsetMs: 201, endOffsetMs: 299 }, words: 'from 201 to 299 ms' },
    { window: { startOffsetMs: 301 }, words: 'of at least 301 ms' },
    { window: { endOffsetMs: 99 }, words: 'of at most 99 ms' },
  ])('refuses an empty window $window', ({ window, words }) => {
    expect(errorOf(() => fixedSchedule(timingsOf([200], [100, 300]), window)).message).toBe(
      `no turn has a timestamp ${words}; those of the dataset run from 100 to 300 ms`,
    );
  });

  it('refuses a start behind the end', () => {
    const error = errorOf(() => fixedSchedule(timingsOf([5]), { startOffsetMs: 6, endOffsetMs: 5 }));
    expect(error.message).toContain('6 ms, is after its end offset, 5 ms');
  });
});

describe('a later turn', () => {
  // Time zero at 1,000 ms: a timestamp of 1,500 ms is due at 500 ms.
  it.each([
    { turn: { timestampMs: 1500 }, returnMs: 200, dueMs: 500 },
    { turn: { timestampMs: 1500 }, returnMs: 500, dueMs: 500 },
    { turn: { timestampMs: 1500 }, returnMs: 501, dueMs: 501 },
    { turn: { timestampMs: 1500, delayMs: 9000 }, returnMs: 200, dueMs: 500 },
    { turn: { delayMs: 250 }, returnMs: 200, dueMs: 450 },
    { turn: { delayMs: 0.5 }, returnMs: 200, dueMs: 200.5 },
    { turn: { delayMs: 0 }, returnMs: 200, dueMs: 200 },
    { turn: {}, returnMs: 200, dueMs: 200 },
  ])('with $turn after a return at $returnMs ms is due at $dueMs ms', ({ turn, returnMs, dueMs }) => {
    const recordedMs = turn.timestampMs === undefined ? dueMs : turn.timestampMs - 1000;
    expect(dueAfterReturn(turn, returnMs * 1e6, 1000)).toEqual({
      dueNs: dueMs * 1e6,
      postponedNs: (dueMs - recordedMs) * 1e6,
    });
  });
});
