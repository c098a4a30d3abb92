import { describe, expect, it } from 'vitest';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { SharedCounters } from '../../src/load/counters.js';
import { evenShare } from '../../src/load/quota.js';
import { type StageOptions, stage } from './phase-environment.js';

const loop = (slots: number, options: StageOptions = {}, rampNs = 0) =>
  stage(options, (phase) => new ClosedLoop(phase, { limit: slots, rampNs }, (total) => total));

describe('ClosedLoop', () => {
  it('keeps exactly its slots in flight and sends exactly the asked requests', () => {
    const run = loop(3, { requestLimit: 5 });
    expect(run.open.length).toBe(3);
    run.answer(1);
    run.answer(0);
    expect(run.open.length).toBe(3);
    run.answer(0);
    run.answer(0);
    expect([run.open.length, run.done()]).toEqual([1, 0]);
    run.answer(0);
    expect(run.done()).toBe(1);
    expect(run.prompts()).toEqual(['0.0', '1.0', '2.0', '3.0', '4.0']);
    expect(run.records.map((record) => record.sessionNum)).toEqual([1, 0, 2, 3, 4]);
    expect([run.counters.issued, run.counters.returned]).toEqual([5, 5]);
  });

  it('frees the slot of a failed request, and takes servers in turn by session', () => {
    const run = loop(1, { requestLimit: 3 });
    run.answer(0, 'x', 400);
    run.answer(0);
    run.answer(0);
    expect(run.records.map((record) => record.error?.code)).toEqual([400, undefined, undefined]);
    expect(run.sent.map((request) => request.origin.host)).toEqual(['a', 'b', 'a']);
    expect(run.done()).toBe(1);
  });

  it('goes on with conversations and servers where the phase before it ended', () => {
    const run = loop(1, { sessionLimit: 1, firstSession: 5 });
    run.answer(0);
    expect([run.prompts(), run.sent[0]?.origin.host, run.done()]).toEqual([['5.0'], 'b', 1]);
  });

  it('says the same each time that a conversation is played, but for the answers in its history', () => {
    const run = loop(1, { sessionLimit: 4, turns: 2, sample: () => 7 });
    for (const answer of ['A', 'b', 'C', 'd', 'E', 'f', 'G', 'h']) run.answer(0, answer);
    const session = (answer: string) => ['7.0', `7.0|${answer}|7.1`];
    expect(run.prompts()).toEqual(['A', 'C', 'E', 'G'].flatMap(session));
  });

  it('plays a session to its end before the next, with live answers in the history', () => {
    const run = loop(1, { sessionLimit: 2, turns: 2 });
    run.answer(0, 'A');
    run.answer(0, 'B');
    // Its message is left out of what follows, as if it had not been sent.
    run.answer(0, 'ignored', 500);
    run.answer(0, 'D');
    expect(run.prompts()).toEqual(['0.0', '0.0|A|0.1', '1.0', '1.1']);
    expect(run.sent.map((request) => request.origin.host)).toEqual(['a', 'a', 'b', 'b']);
    expect(run.sent.map((request) => request.lastOfKey)).toEqual([false, true, false, true]);
    expect(run.done()).toBe(1);
  });

  it('lets started sessions run to their end when no further one may start', () => {
    const run = loop(2, { sessionLimit: 2, turns: 2, delayMs: 500 });
    run.answer(0);
    run.answer(0);
    run.advanceTo(500e6);
    expect(run.open.length).toBe(2);
    run.answer(0);
    run.answer(0);
    expect([run.sent.length, run.done()]).toEqual([4, 1]);
  });

  it('cuts a conversation short when the requests are used up', () => {
    const run = loop(1, { requestLimit: 3, turns: 2 });
    run.answer(0);
    run.answer(0);
    run.answer(0);
    expect(run.prompts().map((prompt) => prompt.split('|').at(-1))).toEqual(['0.0', '0.1', '1.0']);
    expect(run.done()).toBe(1);
  });

  it('holds the slot through a delay, counted from the return', () => {
    const run = loop(1, { sessionLimit: 1, turns: 2, delayMs: 500 });
    run.advanceTo(10);
    run.answer(0);
    run.advanceTo(10 + 500e6 - 1);
    expect([run.open.length, run.done()]).toEqual([0, 0]);
    run.advanceTo(10 + 500e6);
    expect(run.open.length).toBe(1);
    run.answer(0);
    expect(run.records[1]?.dueNs).toBe(10 + 500e6);
    expect(run.done()).toBe(1);
  });

  it('reads and stamps all that ended together before it makes the next requests', () => {
    const run = loop(3, { requestLimit: 6 });
    run.advanceTo(5e6);
    expect(run.answerAtOnce(3)).toBe(0);
    expect(run.open.length).toBe(3);
    expect(run.sends().map(([atNs]) => atNs)).toEqual([0, 0, 0, 5e6, 5e6, 5e6]);
    run.answerAtOnce(3);
    expect([run.records.length, run.done()]).toEqual([6, 1]);
    expect(run.records.map((record) => record.dueNs)).toEqual([0, 0, 0, 5e6, 5e6, 5e6]);
  });

  it('is due when the slot became free', () => {
    const run = loop(1, { requestLimit: 2, startNs: 0 });
    run.advanceTo(17);
    run.answer(0);
    run.answer(0);
    expect(run.records.map((record) => record.dueNs)).toEqual([0, 17]);
  });

  it('opens slots along a ramp: limit v at D(v - 1)/(T - 1)', () => {
    // 1 -> 4 over 9 s: the second slot at 3 s, the third at 6 s, the fourth at 9 s.
    const run = loop(4, { requestLimit: 4 }, 9e9);
    const openAt = (ns: number) => {
      run.advanceTo(ns);
      return run.open.length;
    };
    expect([0, 3e9 - 1, 3e9, 6e9 - 1, 6e9, 9e9 - 1, 9e9].map(openAt)).toEqual([1, 1, 2, 2, 3, 3, 4]);
    for (let i = 0; i < 4; i++) run.answer(0);
    expect(run.records.map((record) => record.dueNs)).toEqual([0, 3e9, 6e9, 9e9]);
    expect(run.done()).toBe(1);
  });

  it('hands out every request once over several loops', () => {
    const counters = new SharedCounters();
    const loops = [2, 1].map((slots) => loop(slots, { requestLimit: 7, counters }));
    while (loops.some(({ open }) => open.length > 0)) {
      for (const { open, answer } of loops) if (open.length > 0) answer(0);
    }
    expect(loops.map(({ done }) => done())).toEqual([1, 1]);
    const all = loops.flatMap(({ prompts }) => prompts());
    expect(all.sort()).toEqual(['0.0', '1.0', '2.0', '3.0', '4.0', '5.0', '6.0']);
  });
});

describe('share', () => {
  it('cuts a concurrency evenly', () => {
    expect([0, 1, 2].map((i) => evenShare(8, 3, i))).toEqual([3, 3, 2]);
    expect([0, 1].map((i) => evenShare(1, 2, i))).toEqual([1, 0]);
  });
});
