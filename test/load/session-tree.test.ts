import { describe, expect, it } from 'vitest';
import type { Agent, Conversation, Turn } from '../../src/dataset/conversation.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { FixedReplay } from '../../src/load/fixed-schedule.js';
import { OpenLoop } from '../../src/load/open-loop.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { type StageOptions, stage } from './phase-environment.js';

const MS = 1e6;

type Facts = Pick<Turn, 'waitsFor' | 'delayMs' | 'timestampMs'>;

function agent(sessionId: string, ...turns: Facts[]): Conversation {
  return {
    sessionId,
    history: 'live-answers',
    turns: turns.map((facts, place) => ({
      role: 'user',
      texts: [{ name: 'text', contents: [`${sessionId}${place}`] }],
      model: 'm',
      ...facts,
    })),
  };
}

function graph(root: Conversation, ...agents: Agent[]): Conversation {
  return { ...root, agents };
}

/** Turns 0, 1, 2 are the root's; a fork of turn 0 (turn 3) and an agent of two turns (4, 5), which turn 2 waits for. */
const joined = graph(
  agent('r', {}, {}, { waitsFor: [5], delayMs: 2 }),
  { ...agent('f', { waitsFor: [0] }), parent: 0, forkOf: 0 },
  { ...agent('s', { waitsFor: [0] }, { delayMs: 5 }), parent: 0 },
);

const loop = (conversation: Conversation, slots: number, options: StageOptions = {}) =>
  stage(
    { conversation, ...options },
    (phase) => new ClosedLoop(phase, { limit: slots, rampNs: 0 }, (n) => n),
  );

/** The last message of each open request. */
const open = (run: ReturnType<typeof stage>) =>
  run.open.map(({ request }) => JSON.parse(String(request.body)).messages.at(-1).content);

describe('a conversation graph', () => {
  it('sends each turn when all that it waits for have returned, and holds one slot as a whole', () => {
    const run = loop(joined, 1, { sessionLimit: 2 });
    expect(open(run)).toEqual(['r0']);
    run.answer(0, 'A');
    // The agents that turn 0 starts, and the root itself, which waits for them later.
    expect(open(run)).toEqual(['r1', 'f0', 's0']);
    run.answer(0, 'B');
    run.advanceTo(1 * MS);
    run.answer(1, 'C');
    expect(open(run)).toEqual(['f0']);
    run.advanceTo(6 * MS);
    expect(open(run)).toEqual(['f0', 's1']);
    run.answer(1, 'D');
    run.advanceTo(8 * MS);
    expect(open(run)).toEqual(['f0', 'r2']);
    run.answer(1, 'E');
    // The fork alone keeps the slot.
    expect([open(run), run.done()]).toEqual([['f0'], 0]);
    run.answer(0, 'F');
    expect(open(run)).toEqual(['r0']);
    run.answerAll();
    run.advanceTo(20 * MS);
    run.answerAll();
    run.advanceTo(30 * MS);
    run.answerAll();
    expect([run.sent.length, run.done()]).toEqual([12, 1]);
    expect(run.sends().slice(0, 6)).toEqual([
      [0, 'r0'],
      [0, 'r1'],
      [0, 'f0'],
      [0, 's0'],
      [6 * MS, 's1'],
      [8 * MS, 'r2'],
    ]);
  });

  it('gives a fork the history up to its turn, and other agents none', () => {
    const run = loop(joined, 1, { sessionLimit: 1 });
    run.answer(0, 'A');
    run.answer(0, 'B');
    run.answer(1, 'C');
    run.advanceTo(6 * MS);
    run.answerAll();
    run.advanceTo(9 * MS);
    run.answerAll();
    expect(run.prompts()).toEqual(['r0', 'r0|A|r1', 'r0|A|f0', 's0', 's0|C|s1', 'r0|A|r1|B|r2']);
  });

  it('gives a fork the history of its turn also where it starts later', () => {
    const late = graph(agent('r', {}, {}), {
      ...agent('f', { waitsFor: [0, 1] }),
      parent: 0,
      forkOf: 0,
    });
    const run = loop(late, 1, { sessionLimit: 1 });
    run.answerAll();
    expect(run.prompts()).toEqual(['r0', 'r0|ok|r1', 'r0|ok|f0']);
  });

  it('notes in each record whose agent it is and what it waited for', () => {
    const run = loop(joined, 1, { sessionLimit: 1 });
    run.answerAll();
    run.advanceTo(5 * MS);
    run.answerAll();
    run.advanceTo(7 * MS);
    run.answerAll();
    const ofTurn = (name: string, turn: number) => {
      const found = run.records.find((record) => record.conversationId === name && record.turnIndex === turn);
      if (found === undefined) throw new Error(`${name} ${turn} has no record`);
      return found;
    };
    const root = ofTurn('r', 0);
    const child = ofTurn('s', 0);
    expect(root.agent).toEqual({ depth: 0, root: root.correlationId });
    expect(ofTurn('r', 1).agent).toEqual(root.agent);
    const facts = { depth: 1, parent: root.correlationId, root: root.correlationId };
    expect(child.agent).toEqual({ ...facts, waitsFor: [root.requestId] });
    expect(ofTurn('s', 1).agent).toEqual(facts);
    expect(ofTurn('r', 2).agent).toEqual({ ...root.agent, waitsFor: [ofTurn('s', 1).requestId] });
    expect(ofTurn('s', 1).correlationId).toBe(child.correlationId);
    expect(new Set(run.records.map(({ correlationId }) => correlationId)).size).toBe(3);
    expect(new Set(run.sent.map(({ origin }) => origin.host)).size).toBe(1);
  });

  it('goes on after turns that fail', () => {
    const run = loop(joined, 1, { sessionLimit: 1 });
    run.answer(0, 'no', 500);
    expect(open(run)).toEqual(['r1', 'f0', 's0']);
    run.answer(2, 'no', 500);
    run.answerAll();
    run.advanceTo(5 * MS);
    run.answer(0, 'no', 500);
    run.advanceTo(7 * MS);
    run.answerAll();
    expect(run.done()).toBe(1);
    // What failed is left out of the history.
    expect(run.prompts()).toEqual(['r0', 'r1', 'f0', 's0', 's1', 'r1|ok|r2']);
  });

  it('counts the requests of all agents towards a request limit', () => {
    const run = loop(joined, 3, { requestLimit: 4 });
    run.answerAll();
    run.advanceTo(20 * MS);
    run.answerAll();
    expect([run.sent.length, run.records.length, run.done()]).toEqual([4, 4, 1]);
  });

  it('sends nothing after the duration, with a record for all that was sent', () => {
    const run = loop(joined, 1, { issueUntilNs: 3 * MS, cutAtNs: 4 * MS });
    run.answer(0);
    expect(open(run)).toEqual(['r1', 'f0', 's0']);
    run.answer(2);
    run.advanceTo(3 * MS);
    run.answer(0);
    expect([open(run), run.done()]).toEqual([['f0'], 0]);
    run.advanceTo(4 * MS);
    expect([run.sent.length, run.records.length, run.done()]).toEqual([4, 4, 1]);
    expect(run.records.at(-1)?.error?.code).toBe(499);
  });

  it('draws cancellations for each turn of each agent', () => {
    const drawn: number[] = [];
    const cancellation = { isChosen: (_: number, turn: number) => drawn.push(turn) < 0, delayNs: 0 };
    const run = loop(joined, 1, { sessionLimit: 1, cancellation });
    run.answerAll();
    run.advanceTo(5 * MS);
    run.answerAll();
    run.advanceTo(7 * MS);
    run.answerAll();
    expect(drawn).toEqual([0, 1, 3, 4, 5, 2]);
  });

  it('keeps to a prefill limit over its agents', () => {
    const run = loop(joined, 1, { sessionLimit: 1, prefill: { limit: 2, rampNs: 0 } });
    run.answer(0);
    expect(open(run)).toEqual(['r1', 'f0']);
    run.firstToken(0);
    run.advanceTo(1 * MS);
    expect(open(run)).toEqual(['r1', 'f0', 's0']);
  });

  it('uses a tick of a request rate for each turn, and starts no other session meanwhile', () => {
    const run = stage({ conversation: joined, sessionLimit: 2 }, (phase) => {
      let at = 0;
      const nextTickNs = () => {
        at += 10 * MS;
        return at;
      };
      const ceiling = { limit: 1, rampNs: 0 };
      return new OpenLoop(phase, {
        nextTickNs,
        thread: 0,
        threads: 1,
        ceiling,
        ticksAreSessions: false,
        catchUpNs: 1e9,
      });
    });
    for (let ms = 10; ms <= 130; ms += 10) {
      run.advanceTo(ms * MS);
      run.answerAll();
    }
    expect(run.sends().map(([atNs, prompt]) => [Number(atNs) / MS, prompt])).toEqual([
      ...[10, 20, 30, 40, 50, 60].map((ms, at) => [ms, ['r0', 'r1', 'f0', 's0', 's1', 'r2'][at]]),
      ...[70, 80, 90, 100, 110, 120].map((ms, at) => [ms, ['r0', 'r1', 'f0', 's0', 's1', 'r2'][at]]),
    ]);
    expect(run.done()).toBe(1);
  });

  it('starts at its time in a fixed schedule, which a request limit cuts short', () => {
    const timed = graph(
      agent('r', { timestampMs: 3 }),
      { ...agent('a', { timestampMs: 9, waitsFor: [0] }), parent: 0 },
      { ...agent('b', { waitsFor: [0] }), parent: 0 },
    );
    const turns = [{ timestampMs: 3 }, {}, {}];
    const schedule = fixedSchedule({ size: 1, turns: () => turns, nameOf: () => 'r' }, { startOffsetMs: 0 });
    const replay = (options: StageOptions) => {
      const run = stage({ conversation: timed, ...options }, (phase) => {
        return new FixedReplay(phase, {
          ...{ sessions: openReplay(schedule, undefined), thread: 0, threads: 1, ceiling: undefined },
        });
      });
      for (let ms = 1; ms < 12; ms++) {
        run.advanceTo(ms * MS);
        run.answerAll();
      }
      return [run.sends().map(([atNs, prompt]) => [Number(atNs) / MS, prompt]), run.done()];
    };
    expect(replay({})).toEqual([
      [
        [3, 'r0'],
        [3, 'b0'],
        [9, 'a0'],
      ],
      1,
    ]);
    expect(replay({ requestLimit: 2 })).toEqual([
      [
        [3, 'r0'],
        [9, 'a0'],
      ],
      1,
    ]);
  });

  it('starts all agents that wait for nothing at once', () => {
    const parallel = graph(
      agent('r', {}),
      { ...agent('a', { delayMs: 4 }), parent: 0 },
      { ...agent('b', {}), parent: 0 },
    );
    const run = loop(parallel, 1, { sessionLimit: 1 });
    expect(open(run)).toEqual(['r0', 'b0']);
    run.answerAll();
    expect(run.done()).toBe(0);
    run.advanceTo(4 * MS);
    expect(open(run)).toEqual(['a0']);
    run.answerAll();
    expect(run.done()).toBe(1);
  });
});
