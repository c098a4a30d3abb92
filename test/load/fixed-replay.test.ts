import { describe, expect, it } from 'vitest';
import type { TurnTiming } from '../../src/dataset/turn-timings.js';
import { SharedCounters } from '../../src/load/counters.js';
import { FixedReplay, type ReplayOptions } from '../../src/load/fixed-schedule.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { fixedSchedule, type ScheduleWindow } from '../../src/schedule/fixed-schedule.js';
import { type StageOptions, stage } from './phase-environment.js';

const MS = 1e6;

/** A number is a timestamp in ms, `+5` a delay of 5 ms, `-` neither. */
function timingsOf(sessions: readonly (readonly (number | string)[])[]): TurnTiming[][] {
  return sessions.map((turns) =>
    turns.map((turn) => {
      if (typeof turn === 'number') return { timestampMs: turn };
      return turn === '-' ? {} : { delayMs: Number(turn) };
    }),
  );
}

interface Replay extends StageOptions {
  readonly window?: ScheduleWindow;
  readonly share?: Partial<ReplayOptions>;
}

function replay(sessions: readonly (readonly (number | string)[])[], options: Replay = {}) {
  const { window, share, ...rest } = options;
  const timings = timingsOf(sessions);
  const schedule = fixedSchedule(
    {
      size: timings.length,
      turns: (conversation) => timings[conversation] ?? [],
      nameOf: (conversation) => `session ${conversation}`,
    },
    window,
  );
  const whole = {
    sessions: openReplay(schedule, undefined),
    thread: 0,
    threads: 1,
    ceiling: undefined,
    ...share,
  };
  return stage({ timings, ...rest }, (phase) => new FixedReplay(phase, whole));
}

/** What was sent, by ms. */
const sends = (run: ReturnType<typeof replay>) =>
  run.sends().map(([atNs, prompt]) => [Number(atNs) / MS, prompt]);
const dues = (run: ReturnType<typeof replay>) => run.records.map((record) => record.dueNs / MS);

describe('FixedReplay', () => {
  it('sends the rows of the window at their times, ties in the order of the file, whatever is in flight', () => {
    // Kept: 500 to 800, both included. Time zero is the start offset, 450.
    const rows = [[700], [500], [700], [600.5], [500], [800], [449], [801]];
    const run = replay(rows, { window: { startOffsetMs: 450, endOffsetMs: 800 } });
    run.advanceTo(50 * MS - 1);
    expect(sends(run)).toEqual([]);
    run.advanceTo(1e12);
    expect(sends(run)).toEqual([
      [50, '1.0'],
      [50, '4.0'],
      [150.5, '3.0'],
      [250, '0.0'],
      [250, '2.0'],
      [350, '5.0'],
    ]);
    // Nothing was answered, and nothing bounds the wait for it.
    expect([run.open.length, run.done()]).toEqual([6, 0]);
    run.answerAll();
    expect([run.sent.length, run.done()]).toEqual([6, 1]);
  });

  it('starts at the earliest kept row where no start offset is given', () => {
    const run = replay([[900], [700.25]], { window: {} });
    run.advanceTo(1000 * MS);
    expect(sends(run)).toEqual([
      [0, '1.0'],
      [199.75, '0.0'],
    ]);
  });

  it('sends at once what it is late for, and shifts nothing', () => {
    const run = replay([[0], [10], [20], [50]]);
    run.busyUntil(30 * MS);
    run.advanceTo(100 * MS);
    run.answerAll();
    expect(sends(run)).toEqual([
      [0, '0.0'],
      [30, '1.0'],
      [30, '2.0'],
      [50, '3.0'],
    ]);
    expect(dues(run)).toEqual([0, 10, 20, 50]);
  });

  it.each([
    // A turn with a time goes out then, or at once after a later return; a delay counts from the return.
    { turn: 300, returnMs: 100, sentMs: 300 },
    { turn: 300, returnMs: 300, sentMs: 300 },
    { turn: 300, returnMs: 450, sentMs: 450 },
    { turn: '+70', returnMs: 100, sentMs: 170 },
    { turn: '-', returnMs: 100, sentMs: 100 },
  ])(
    'a second turn $turn after a return at $returnMs ms is sent at $sentMs',
    ({ turn, returnMs, sentMs }) => {
      // The first row is at 1,000 ms, so the turn's time is 1,000 more as well.
      const run = replay([[1000, typeof turn === 'number' ? turn + 1000 : turn]]);
      run.advanceTo(returnMs * MS);
      run.answer(0, 'A');
      run.advanceTo(sentMs * MS - 1);
      expect(run.sent.length).toBe(sentMs === returnMs ? 2 : 1);
      run.advanceTo(sentMs * MS);
      expect(run.prompts()).toEqual(['0.0', '0.0|A|0.1']);
      run.answer(0);
      expect(dues(run)).toEqual([0, sentMs]);
      expect(run.done()).toBe(1);
    },
  );

  it('goes on with a session from the first turn that the window keeps', () => {
    const run = replay([[100, 200, '+5']], { window: { startOffsetMs: 150 } });
    run.advanceTo(50 * MS);
    run.answer(0, 'B');
    run.advanceTo(55 * MS);
    expect(sends(run)).toEqual([
      [50, '0.1'],
      [55, '0.2'],
    ]);
    run.answer(0);
    expect(run.records.map(({ turnIndex }) => turnIndex)).toEqual([1, 2]);
  });

  it('queues in order behind a ceiling of sessions, each with the time it was due', () => {
    const ceiling = { limit: 2, rampNs: 0 };
    const run = replay([[0, '+5'], [10], [20], [30], [40]], { share: { ceiling } });
    run.advanceTo(60 * MS);
    expect(sends(run)).toEqual([
      [0, '0.0'],
      [10, '1.0'],
    ]);
    run.answer(0); // its session goes on after 5 ms and keeps its slot meanwhile
    run.advanceTo(65 * MS);
    run.answer(0); // 1.0: a slot is free
    run.advanceTo(70 * MS);
    run.answer(0); // 0.1
    run.answer(0); // 2.0
    run.answerAll();
    expect(sends(run).slice(2)).toEqual([
      [65, '0.1'],
      [65, '2.0'],
      [70, '3.0'],
      [70, '4.0'],
    ]);
    expect(
      [...run.records].sort((a, b) => a.sessionNum - b.sessionNum).map(({ dueNs }) => dueNs / MS),
    ).toEqual([0, 10, 65, 20, 30, 40]);
    expect(run.done()).toBe(1);
  });

  it('shares its ceiling with other threads, and looks every millisecond for what they freed', () => {
    const counters = new SharedCounters();
    const ceiling = { limit: 1, rampNs: 0 };
    const [a, b] = [0, 1].map((thread) =>
      replay([[0], [0]], { counters, share: { thread, threads: 2, ceiling } }),
    );
    if (a === undefined || b === undefined) throw new Error('two were made');
    expect([a.open.length, b.open.length]).toEqual([1, 0]);
    for (const run of [a, b]) run.advanceTo(5.5 * MS);
    a.answer(0);
    b.advanceTo(6 * MS);
    expect([sends(a), sends(b)]).toEqual([[[0, '0.0']], [[6, '1.0']]]);
    b.answer(0);
    expect([a.done(), b.done()]).toEqual([1, 1]);
  });

  it.each([
    { limit: { requestLimit: 3 }, sent: ['0.0', '0.1', '1.0'] },
    { limit: { requestLimit: 2 }, sent: ['0.0', '0.1'] },
    { limit: { sessionLimit: 1 }, sent: ['0.0', '0.1'] },
    { limit: { sessionLimit: 2, requestLimit: 5 }, sent: ['0.0', '0.1', '1.0', '1.1'] },
    { limit: { requestLimit: 100, sessionLimit: 100 }, sent: ['0.0', '0.1', '1.0', '1.1', '2.0', '2.1'] },
  ])('is cut short by $limit', ({ limit, sent }) => {
    for (const threads of [1, 2, 3]) {
      const counters = new SharedCounters();
      const runs = Array.from({ length: threads }, (_, thread) =>
        replay(
          [
            [0, '-'],
            [1, '-'],
            [2, '-'],
          ],
          { ...limit, counters, share: { thread, threads } },
        ),
      );
      for (const run of runs) {
        run.advanceTo(10 * MS);
        run.answerAll();
        run.advanceTo(100 * MS);
      }
      expect(runs.map((run) => run.done())).toEqual(Array(threads).fill(1));
      expect(runs.flatMap((run) => run.sends().map(([, prompt]) => prompt)).sort()).toEqual(sent);
    }
  });

  it('ends with the duration: what was due later is never sent', () => {
    const run = replay([[0], [99], [100], [101]], { issueUntilNs: 100 * MS });
    run.advanceTo(1e12);
    expect(sends(run)).toEqual([
      [0, '0.0'],
      [99, '1.0'],
    ]);
    run.answerAll();
    expect(run.done()).toBe(1);
  });

  it('sends what is due before the end, also where the thread wakes up after it', () => {
    const run = replay([[0], [99], [100]], { issueUntilNs: 100 * MS });
    run.busyUntil(150 * MS);
    expect(sends(run)).toEqual([
      [0, '0.0'],
      [150, '1.0'],
    ]);
  });

  it('gives each session the id fixed-schedule-<session id>, on the wire too', () => {
    const run = replay([[0, '-'], [0]]);
    run.answerAll();
    expect(run.records.map(({ correlationId, conversationId }) => [correlationId, conversationId])).toEqual([
      ['fixed-schedule-s0', 's0'],
      ['fixed-schedule-s1', 's1'],
      ['fixed-schedule-s0', 's0'],
    ]);
    expect(run.sent.map(({ connectionKey }) => connectionKey)).toEqual(
      run.records.map(({ correlationId }) => correlationId),
    );
  });

  it('sends the same on any number of threads, every row once', () => {
    const rows = Array.from({ length: 40 }, (_, i) => [((i * 17) % 13) * 10, i % 3 === 0 ? '+3' : 500]);
    const streamOf = (threads: number) => {
      const counters = new SharedCounters();
      const runs = Array.from({ length: threads }, (_, thread) =>
        replay(rows, { counters, share: { thread, threads } }),
      );
      for (let ms = 0; ms <= 600; ms++) {
        for (const run of runs) {
          run.advanceTo(ms * MS);
          run.answerAll();
        }
      }
      expect(runs.map((run) => run.done())).toEqual(Array(threads).fill(1));
      return runs
        .flatMap((run) => run.records)
        .map(({ conversationId, turnIndex, dueNs }) => `${conversationId} ${turnIndex} ${dueNs}`)
        .sort();
    };
    const one = streamOf(1);
    // Row 3: (3 · 17) mod 13 = 12, so 120 ms; answered at once, and its second turn 3 ms later.
    expect(one).toContain('s3 0 120000000');
    expect(one).toContain('s3 1 123000000');
    expect(one).toContain('s4 1 500000000');
    expect(new Set(one).size).toBe(80);
    for (const threads of [2, 3, 8]) expect(streamOf(threads)).toEqual(one);
  });
});
