import { describe, expect, it } from 'vitest';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { SharedCounters } from '../../src/load/counters.js';
import { OpenLoop } from '../../src/load/open-loop.js';
import { evenShare } from '../../src/load/quota.js';
import { UserCentric } from '../../src/load/user-centric.js';
import { userPlan } from '../../src/schedule/user-centric.js';
import { type StageOptions, stage } from './phase-environment.js';

const S = 1e9;
// A thread with nothing in flight looks so often whether the others have taken all that was left.
const LOOK_NS = 50e6;

/** Two threads of one phase. */
function pair(
  options: StageOptions,
  make: (options: StageOptions, thread: number) => ReturnType<typeof stage>,
) {
  const counters = new SharedCounters();
  const shared = { ...options, counters };
  return [make(shared, 0), make(shared, 1)] as const;
}

/** A tick a second, the first at 1 s. */
function rate(options: StageOptions, thread: number) {
  let atNs = 0;
  const nextTickNs = () => {
    atNs += S;
    return atNs;
  };
  return stage(options, (phase) => {
    const plain = { thread, threads: 2, ceiling: undefined, catchUpNs: S };
    return new OpenLoop(phase, { ...plain, nextTickNs, ticksAreSessions: false });
  });
}

describe('a thread that has nothing left to do', () => {
  it('ends soon after another one sent the last request, not with its own next tick', () => {
    const [a, b] = pair({ requestLimit: 3 }, rate);
    for (const seconds of [1, 2, 3]) for (const run of [a, b]) run.advanceTo(seconds * S);
    for (const run of [a, b]) run.answerAll();
    expect([a.sent.length, b.sent.length]).toEqual([2, 1]);
    b.advanceTo(3 * S + LOOK_NS);
    expect([a.done(), b.done()]).toEqual([1, 1]);
  });

  it('drops the turns whose delay lasts longer', () => {
    const [a, b] = pair({ requestLimit: 3, turns: 2, delayMs: 1e6 }, rate);
    for (const seconds of [1, 2, 3]) {
      for (const run of [a, b]) {
        run.advanceTo(seconds * S);
        run.answerAll();
      }
    }
    for (const run of [a, b]) run.advanceTo(3 * S + LOOK_NS);
    expect([a.sent.length, b.sent.length, a.done(), b.done()]).toEqual([2, 1, 1, 1]);
  });

  it('ends where sessions are used up, while another plays on', () => {
    const [a, b] = pair({ sessionLimit: 1, turns: 2 }, rate);
    for (const run of [a, b]) run.advanceTo(S);
    b.advanceTo(S + LOOK_NS);
    expect([a.done(), b.done()]).toEqual([0, 1]);
    a.answer(0);
    a.advanceTo(3 * S);
    a.answer(0);
    expect([a.sent.length, a.done()]).toEqual([2, 1]);
  });

  it('ends where it has no slot of its own', () => {
    const [a, b] = pair({ requestLimit: 2 }, (options, thread) =>
      stage(
        options,
        (phase) => new ClosedLoop(phase, { limit: 1, rampNs: 0 }, (total) => evenShare(total, 2, thread)),
      ),
    );
    a.answer(0);
    expect([a.open.length, b.open.length, b.done()]).toEqual([1, 0, 0]);
    a.answer(0);
    b.advanceTo(LOOK_NS);
    expect([a.done(), b.done()]).toEqual([1, 1]);
  });

  it('ends though its next user comes much later', () => {
    // Users 2 and 4 are of one thread, 3 of the other: of three requests it sends the second.
    const [a, b] = pair({ requestLimit: 3, turns: 3 }, (options, thread) =>
      stage(options, (phase) => {
        const plan = userPlan({ users: 3, ratePerSecond: 1e-3, turns: 3 });
        return new UserCentric(phase, {
          ...{ plan, turnsOf: () => 3, thread, threads: 2, ceiling: undefined },
          plannedRequests: Number.POSITIVE_INFINITY,
        });
      }),
    );
    for (const seconds of [0, 1000, 2000]) {
      for (const run of [a, b]) {
        run.advanceTo(seconds * S);
        run.answerAll();
      }
    }
    b.advanceTo(2000 * S + LOOK_NS);
    expect([a.sent.length, b.sent.length, a.done(), b.done()]).toEqual([2, 1, 1, 1]);
  });
});
