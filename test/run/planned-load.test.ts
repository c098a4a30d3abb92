import { expect, it } from 'vitest';
import type { Issuing } from '../../src/load/plan.js';
import { plannedLoad } from '../../src/run/planned-load.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';

const nothing = { plannedPerSecond: undefined, plannedInFlight: undefined, due: undefined };

function at(seconds: number, issuing: Issuing, durationNs = Number.POSITIVE_INFINITY) {
  return plannedLoad({ issuing, durationNs }, seconds * 1e9);
}

it('a concurrency with a ramp: 5 in flight over 8 s, one more every 2 s', () => {
  const issuing: Issuing = { kind: 'closed-loop', concurrency: { limit: 5, rampNs: 8e9 } };
  expect([0, 1.9, 2, 7.9, 8, 100].map((seconds) => at(seconds, issuing).plannedInFlight)).toEqual([
    1, 1, 2, 4, 5, 5,
  ]);
  expect(at(3, issuing, 2e9)).toEqual(nothing);
});

const rate = {
  kind: 'rate',
  ...{ pattern: 'poisson', ratePerSecond: 10, smoothness: 1, rampNs: 0, rampStepNs: 1e8, catchUpNs: 0 },
  ...{ ceiling: undefined, singleTurns: true },
} as const satisfies Issuing;

it('a rate, with a ramp and as a series', () => {
  expect(at(3, rate)).toEqual({ ...nothing, plannedPerSecond: 10 });
  // From 10·0.1/2 = 0.5 at the start to 10 after 2 s.
  const ramped = { ...rate, rampNs: 2e9 };
  expect([0, 1, 2, 9].map((seconds) => at(seconds, ramped).plannedPerSecond)).toEqual([0.5, 5.25, 10, 10]);
  const series = [
    { atNs: 0, perSecond: 10 },
    { atNs: 4e9, perSecond: 30 },
  ];
  expect([0, 1, 4, 9].map((seconds) => at(seconds, { ...rate, series }).plannedPerSecond)).toEqual([
    10, 15, 30, 30,
  ]);
  expect(at(1, { ...rate, ceiling: { limit: 7, rampNs: 0 } }).plannedInFlight).toBe(7);
});

it('a schedule: what is due so far', () => {
  const timings = (turns: readonly (readonly { readonly timestampMs?: number }[])[]) => ({
    size: turns.length,
    turns: (i: number) => turns[i] ?? [],
    nameOf: (i: number) => `session ${i}`,
  });
  const of = (turns: Parameters<typeof timings>[0]): Issuing => ({
    kind: 'fixed-schedule',
    schedule: fixedSchedule(timings(turns)),
    ceiling: undefined,
  });
  const single = of([
    [{ timestampMs: 0 }],
    [{ timestampMs: 1000 }],
    [{ timestampMs: 1000 }],
    [{ timestampMs: 2000 }],
  ]);
  expect([0, 0.9, 1, 5].map((seconds) => at(seconds, single).due)).toEqual([1, 1, 3, 4]);
  // The second turn follows the first response.
  expect(at(1, of([[{ timestampMs: 0 }, {}]])).due).toBeUndefined();
});
