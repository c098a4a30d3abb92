import { expect, it } from 'vitest';
import type { TurnTiming } from '../../src/dataset/turn-timings.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { FixedReplay } from '../../src/load/fixed-schedule.js';
import type { Issuer, PhaseRunner } from '../../src/load/phase-runner.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import type { RampedLimit } from '../../src/schedule/ramp.js';
import { type StageOptions, stage } from './phase-environment.js';

const WAITING = 20_000;
const one = { limit: 1, rampNs: 0 };
const timings = (turns: number, sessions: number): TurnTiming[][] =>
  Array.from({ length: sessions }, () =>
    Array.from({ length: turns }, (_, turn) => (turn === 0 ? { timestampMs: 0 } : {})),
  );
const replay = (turns: readonly TurnTiming[][], ceiling: RampedLimit) => (phase: PhaseRunner) => {
  const timing = {
    size: turns.length,
    turns: (conversation: number) => turns[conversation] ?? [],
    nameOf: String,
  };
  return new FixedReplay(phase, {
    sessions: openReplay(fixedSchedule(timing), undefined),
    thread: 0,
    threads: 1,
    ceiling,
  });
};
const loop = (phase: PhaseRunner) => new ClosedLoop(phase, { limit: WAITING, rampNs: 0 }, (total) => total);

// Requests whose bodies cannot be made fail at once; what waits for their places must not be sent from within them.
it.each<[string, StageOptions, (phase: PhaseRunner) => Issuer]>([
  ['sessions that wait for a slot', { timings: timings(1, WAITING) }, replay(timings(1, WAITING), one)],
  ['turns of one session', { timings: timings(WAITING, 1) }, replay(timings(WAITING, 1), one)],
  ['requests that wait for a prefill place', { requestLimit: WAITING, prefill: one }, loop],
])('%s fail one after the other, however many they are', async (_name, options, issuerOf) => {
  const run = stage({ ...options, unsayable: true }, issuerOf);
  while (run.done() === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    run.advanceTo(0);
  }
  expect(run.records).toHaveLength(WAITING);
  expect(new Set(run.records.map(({ error }) => error?.message))).toEqual(new Set(['cannot be said']));
  expect(run.sent).toHaveLength(0);
});

it('sessions without a turn to play, which wait for a slot, are over one after the other', () => {
  // The two requests are those of the first session, which waits 5 s for its second turn; at 1 s there is a second slot.
  const first: TurnTiming[] = [{ timestampMs: 0 }, { delayMs: 5000 }];
  const turns: TurnTiming[][] = [first, ...Array.from({ length: WAITING }, () => [{ timestampMs: 0 }])];
  const ceiling = { limit: 2, rampNs: 1e9 };
  const run = stage({ timings: turns, requestLimit: 2 }, replay(turns, ceiling));
  run.answer(0);
  run.advanceTo(2e9);
  expect([run.records.length, run.done()]).toEqual([1, 0]);
  run.advanceTo(5e9);
  run.answer(0);
  expect([run.records.length, run.done()]).toEqual([2, 1]);
});
