import { describe, expect, it } from 'vitest';
import { SharedCounters } from '../../src/load/counters.js';
import { OpenLoop, type OpenLoopOptions } from '../../src/load/open-loop.js';
import { type StageOptions, stage } from './phase-environment.js';

/** Ticks every 10 ns, the first at 10. */
const everyTen = () => {
  let at = 0;
  return () => {
    at += 10;
    return at;
  };
};
const loop = (options: StageOptions = {}, changes: Partial<OpenLoopOptions> = {}) =>
  stage(options, (phase) => {
    const plain = { nextTickNs: everyTen(), thread: 0, threads: 1, ceiling: undefined };
    return new OpenLoop(phase, { ...plain, ticksAreSessions: true, catchUpNs: 1e9, ...changes });
  });
const times = (run: ReturnType<typeof loop>) => run.sent.map((request) => request.atNs);

describe('OpenLoop', () => {
  it('sends at its ticks whatever the state of earlier requests, and ends with the count', () => {
    const run = loop({ requestLimit: 3 });
    run.advanceTo(100);
    expect(times(run)).toEqual([10, 20, 30]);
    expect(run.done()).toBe(0);
    for (let i = 0; i < 3; i++) run.answer(0);
    expect(run.records.map((record) => record.dueNs)).toEqual([10, 20, 30]);
    expect(run.done()).toBe(1);
  });

  it('makes each request ahead of its tick where there is time', () => {
    let nowNs = () => 0;
    const made: number[] = [];
    const asked: number[] = [];
    // Ticks at 1, 2, 2.1 and 3 ms: 0.1 ms is too short to make one in between.
    const ticks = [1e6, 2e6, 2.1e6, 3e6];
    const run = loop(
      {
        requestLimit: 4,
        sample: (session) => {
          made.push(nowNs());
          asked.push(session);
          return session;
        },
      },
      { nextTickNs: () => ticks.shift() ?? 1e9 },
    );
    nowNs = () => run.phase.nowNs();
    run.advanceTo(5e6);
    expect(times(run)).toEqual([1e6, 2e6, 2.1e6, 3e6]);
    expect(made).toEqual([0, 1e6, 2.1e6, 2.1e6]);
    expect(asked).toEqual([0, 1, 2, 3]);
    expect(run.prompts()).toEqual(['0.0', '1.0', '2.0', '3.0']);
  });

  it('ends with the duration: a tick at its end is not sent', () => {
    const run = loop({ issueUntilNs: 30, cutAtNs: 1000 });
    run.advanceTo(100);
    expect(times(run)).toEqual([10, 20]);
  });

  it('sends what is due before the end, also where the thread wakes up after it', () => {
    const run = loop({ issueUntilNs: 30, cutAtNs: 1000 });
    run.busyUntil(50);
    expect(times(run)).toEqual([50, 50]);
    run.answerAll();
    expect([run.records.map(({ dueNs }) => dueNs), run.done()]).toEqual([[10, 20], 1]);
    // The late tick moves the others beyond the end.
    const moved = loop({ issueUntilNs: 30, cutAtNs: 1000 }, { catchUpNs: 5 });
    moved.busyUntil(50);
    expect(times(moved)).toEqual([50]);
  });

  it('gives a tick to a session that is due its next turn before any new one', () => {
    const run = loop({ turns: 2 }, { ticksAreSessions: false });
    run.advanceTo(10);
    run.answer(0, 'A');
    run.advanceTo(20);
    run.advanceTo(30);
    expect(run.prompts()).toEqual(['0.0', '0.0|A|0.1', '1.0']);
    expect(times(run)).toEqual([10, 20, 30]);
  });

  it('lets a delayed turn join only after its delay', () => {
    const run = loop({ turns: 2, delayMs: 15e-6 }, { ticksAreSessions: false }); // 15 ns
    run.advanceTo(10);
    run.answer(0, 'A'); // due again at 25
    run.advanceTo(30);
    expect(run.prompts()).toEqual(['0.0', '1.0', '0.0|A|0.1']);
  });

  it('goes on ticking for the turns of its last sessions', () => {
    const run = loop({ turns: 2, sessionLimit: 1 }, { ticksAreSessions: false });
    run.advanceTo(40);
    expect(times(run)).toEqual([10]);
    run.advanceTo(44);
    run.answer(0, 'A'); // joins the tick of 50
    run.advanceTo(60);
    expect(times(run)).toEqual([10, 50]);
    expect(run.done()).toBe(0);
    run.answer(0);
    expect(run.done()).toBe(1);
  });

  it('ends at once with its last request, whatever waits for its time', () => {
    const run = loop({ turns: 2, delayMs: 1000, requestLimit: 2 }, { ticksAreSessions: false });
    run.advanceTo(10);
    run.answer(0, 'A'); // its next turn is due in a second
    run.advanceTo(20);
    run.answer(0);
    expect([run.sent.length, run.done()]).toEqual([2, 1]);
  });

  it('loses the tick of a new session above the ceiling', () => {
    const run = loop({}, { ticksAreSessions: false, ceiling: { limit: 1, rampNs: 0 } });
    run.advanceTo(25);
    expect(times(run)).toEqual([10]);
    run.answer(0);
    run.advanceTo(30);
    expect(times(run)).toEqual([10, 30]);
  });

  it('loses the tick of a new session while prefill is full', () => {
    const run = loop({ prefill: { limit: 1, rampNs: 0 } }, { ticksAreSessions: false });
    run.advanceTo(20);
    expect(times(run)).toEqual([10]);
    run.firstToken(0);
    run.advanceTo(30);
    expect(times(run)).toEqual([10, 30]);
  });

  it('has the next turn of a session wait for a place in prefill, and keeps its tick', () => {
    const run = loop(
      { turns: 2, sessionLimit: 2, prefill: { limit: 1, rampNs: 0 } },
      { ticksAreSessions: false },
    );
    run.advanceTo(10);
    run.firstToken(0);
    run.advanceTo(20); // the second session takes the only place
    run.answer(0, 'A');
    run.advanceTo(30);
    expect(times(run)).toEqual([10, 20]);
    run.firstToken(0);
    run.advanceTo(30 + 1e6);
    expect(run.prompts()).toEqual(['0.0', '1.0', '0.0|x|0.1']);
    run.answer(1);
    expect(run.records.at(-1)?.dueNs).toBe(30);
  });

  it.each([
    // Every turn takes a tick: 100 requests/s, not conversations.
    { turns: 1, sent: 100 },
    { turns: 4, sent: 100 },
  ])('sends a request a tick where conversations have $turns turns', ({ turns, sent }) => {
    const run = loop({ turns }, { ticksAreSessions: false });
    for (let ns = 10; ns <= 1000; ns += 10) {
      run.advanceTo(ns);
      run.answerAll();
    }
    expect(run.sent.length).toBe(sent);
  });

  it('at the default bound of 10 ms', () => {
    const second = (lateNs: number) => {
      const ticks = [20e6, 40e6];
      const run = loop(
        { requestLimit: 2 },
        { nextTickNs: () => ticks.shift() ?? Number.POSITIVE_INFINITY, catchUpNs: 10e6 },
      );
      run.busyUntil(20e6 + lateNs);
      run.advanceTo(1e9);
      return times(run)[1];
    };
    expect([second(10e6), second(10e6 + 1)]).toEqual([40e6, 50e6 + 1]);
  });

  it('makes the same stream on any number of threads', () => {
    const streamOf = (threads: number) => {
      const counters = new SharedCounters();
      const runs = Array.from({ length: threads }, (_, thread) =>
        loop({ counters, requestLimit: 10 }, { thread, threads }),
      );
      for (const run of runs) {
        run.advanceTo(1000);
        while (run.open.length > 0) run.answer(0);
      }
      expect(runs.map((run) => run.done())).toEqual(Array(threads).fill(1));
      return runs
        .flatMap((run) => run.records.map((record) => `${record.dueNs} ${record.conversationId}`))
        .sort();
    };
    const one = streamOf(1);
    expect(one[0]).toBe('10 s0');
    expect(one.length).toBe(10);
    for (const threads of [2, 3, 8]) expect(streamOf(threads)).toEqual(one);
  });

  it('catches up at once where it is a little late, and moves its schedule where it is more', () => {
    // Ticks every 10 µs; the thread comes to the first ones at 38 µs.
    const everyTenMicros = () => {
      const tick = everyTen();
      return () => tick() * 1000;
    };
    const late = (catchUpNs: number) => {
      const run = loop({ requestLimit: 3 }, { catchUpNs, nextTickNs: everyTenMicros() });
      run.busyUntil(38e3);
      run.advanceTo(100e3);
      while (run.open.length > 0) run.answer(0);
      return [times(run), run.records.map((record) => record.dueNs), run.counters.movedNs];
    };
    // Late by 28, 18 and 8 µs: all within 28.
    expect(late(28e3)).toEqual([[38e3, 38e3, 38e3], [10e3, 20e3, 30e3], 0]);
    // 28 is more than 27: the first goes out at once, and the ticks of 20 and 30 move by 28.
    expect(late(27e3)).toEqual([[38e3, 48e3, 58e3], [10e3, 48e3, 58e3], 28e3]);
  });

  it('moves the schedule of every thread, also a tick that is waited for already', () => {
    const counters = new SharedCounters();
    const run = loop({ counters, requestLimit: 2 });
    counters.moveTo(5000); // another thread was late by 5 µs
    run.advanceTo(100e3);
    expect(times(run)).toEqual([5010, 5020]);
  });
});
