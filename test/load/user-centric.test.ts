import { describe, expect, it } from 'vitest';
import { SharedCounters } from '../../src/load/counters.js';
import { UserCentric, type UserCentricOptions } from '../../src/load/user-centric.js';
import { userPlan } from '../../src/schedule/user-centric.js';
import { type StageOptions, stage } from './phase-environment.js';

const S = 1e9;

/** Three users at 1/s with three turns each: a gap of 3 s, and 1 s between users. */
function users(options: StageOptions = {}, share: Partial<UserCentricOptions> = {}) {
  const turns = options.turns ?? 3;
  return stage({ turns, ...options }, (phase) => {
    const plan = userPlan({ users: 3, ratePerSecond: 1, turns });
    const alone = {
      thread: 0,
      threads: 1,
      ceiling: undefined,
      plannedRequests: Number.POSITIVE_INFINITY,
      ...share,
    };
    return new UserCentric(phase, { plan, turnsOf: () => turns, ...alone });
  });
}

type Run = ReturnType<typeof users>;

/** Goes on second by second, answering at once. */
function play(runs: readonly Run[], untilSeconds: number, fromSeconds = 0): void {
  for (let second = fromSeconds; second <= untilSeconds; second++) {
    for (const run of runs) {
      run.advanceTo(second * S);
      run.answerAll();
    }
  }
}

/** What was sent, by s: the number of the session is that of its user less two. */
const sends = (run: Run) => run.sends().map(([atNs, prompt]) => [Number(atNs) / S, prompt]);

describe('UserCentric', () => {
  // L = 2: user 2 has 1 turn left and sends at 2 s, user 3 has 2 and sends at 1 s; fresh user 4 has all 3 from 0 on.
  // Replacements: user 5 for user 2 at 2 + 1 · 3 = 5 s, user 6 for 3 at 1 + 2 · 3 = 7, user 7 for 4 at 0 + 3 · 3 = 9.
  it('sends first turns at their place, later ones at the gap, and replaces users on the clock', () => {
    const run = users();
    play([run], 12);
    expect(sends(run)).toEqual([
      [0, '2.0'],
      [1, '1.0'],
      [2, '0.0'],
      [3, '2.1'],
      [4, '1.1'],
      [5, '3.0'],
      [6, '2.2'],
      [7, '4.0'],
      [8, '3.1'],
      [9, '5.0'],
      [10, '4.1'],
      [11, '3.2'],
      [12, '5.1'],
    ]);
    expect(run.records.map(({ dueNs }) => dueNs / S)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(run.records.slice(0, 5).map(({ correlationId }) => correlationId)).toEqual([
      '4',
      '3',
      '2',
      '4',
      '3',
    ]);
  });

  it('is delayed by a slow answer for that user alone, and does not catch up', () => {
    const run = users();
    run.advanceTo(3.5 * S);
    expect(sends(run)).toEqual([
      [0, '2.0'],
      [1, '1.0'],
      [2, '0.0'],
    ]);
    run.answer(0); // user 4, due again at 3 s: at once
    run.answer(0); // user 3, due again at 4 s
    run.answer(0); // user 2 is over
    run.advanceTo(4 * S);
    expect(sends(run).slice(3)).toEqual([
      [3.5, '2.1'],
      [4, '1.1'],
    ]);
    run.answer(0);
    run.advanceTo(6.5 * S - 1);
    expect(sends(run).slice(5)).toEqual([[5, '3.0']]);
    run.advanceTo(6.5 * S);
    expect(sends(run).slice(6)).toEqual([[6.5, '2.2']]);
    // User 4 is not over, and is replaced all the same, at 9 s.
    run.advanceTo(9 * S);
    expect(sends(run).slice(7)).toEqual([
      [7, '4.0'],
      [9, '5.0'],
    ]);
    run.answerAll();
    const dues = run.records
      .filter(({ correlationId }) => correlationId === '4')
      .map(({ dueNs }) => dueNs / S);
    expect(dues).toEqual([0, 3.5, 6.5]);
  });

  it('does not heed the delays of the dataset', () => {
    const run = users({ delayMs: 100_000 });
    play([run], 4);
    expect(sends(run).slice(3)).toEqual([
      [3, '2.1'],
      [4, '1.1'],
    ]);
  });

  it('ends with its request count, and with its last session', () => {
    const counted = users({ requestLimit: 5 });
    play([counted], 4);
    expect([counted.sent.length, counted.done()]).toEqual([5, 1]);

    // Sessions 0 to 2: users 2, 3 and 4 play on, nobody replaces them.
    const bounded = users({ sessionLimit: 3 });
    play([bounded], 6);
    expect(sends(bounded).slice(3)).toEqual([
      [3, '2.1'],
      [4, '1.1'],
      [6, '2.2'],
    ]);
    expect(bounded.done()).toBe(1);
  });

  it('queues users behind a ceiling', () => {
    const run = users({}, { ceiling: { limit: 1, rampNs: 0 } });
    run.advanceTo(2 * S);
    expect(sends(run)).toEqual([[0, '2.0']]);
    run.answer(0);
    run.advanceTo(3 * S);
    run.answer(0);
    run.advanceTo(6 * S);
    run.answer(0); // the last turn of user 4: user 3 begins, who was due at 1 s
    run.answer(0); // its second turn was due at 4 s: at once
    run.answer(0); // it has no third: user 2 begins, who was due at 2 s
    expect(sends(run).slice(3)).toEqual([
      [6, '1.0'],
      [6, '1.1'],
      [6, '0.0'],
    ]);
    expect(run.records.map(({ dueNs, conversationId }) => [conversationId, dueNs / S])).toEqual([
      ['s2', 0],
      ['s2', 3],
      ['s2', 6],
      ['s1', 1],
      ['s1', 6],
    ]);
  });

  it('sends the same on any number of threads', () => {
    const streamOf = (threads: number) => {
      const counters = new SharedCounters();
      const runs = Array.from({ length: threads }, (_, thread) =>
        users({ counters, requestLimit: 40 }, { thread, threads }),
      );
      play(runs, 39);
      // Those that had nothing more to send see within 50 ms that all is sent.
      for (const run of runs) run.advanceTo(39.05 * S);
      expect(runs.map((run) => run.done())).toEqual(Array(threads).fill(1));
      return runs
        .flatMap((run) => run.records)
        .map(({ correlationId, turnIndex, dueNs }) => `${dueNs} ${correlationId} ${turnIndex}`)
        .sort();
    };
    const one = streamOf(1);
    expect(one).toContain('3000000000 4 1');
    // Some user sends every second.
    expect(one.map((line) => Number(line.split(' ')[0]) / S).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, second) => second),
    );
    for (const threads of [2, 3, 8]) expect(streamOf(threads)).toEqual(one);
  });
});
