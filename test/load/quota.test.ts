import { describe, expect, it } from 'vitest';
import { SharedCounters } from '../../src/load/counters.js';
import { openIssuer } from '../../src/load/phase-player.js';
import type { Issuing } from '../../src/load/plan.js';
import { fixedShare, type SourceShare } from '../../src/load/quota.js';
import { type StageOptions, stage } from './phase-environment.js';

const S = 1e9;
const shares = (sources: number) => Array.from({ length: sources }, (_, source) => ({ source, sources }));

/** The quotas of sources that share nothing. */
const quotas = (sources: number) =>
  shares(sources).map((share) => fixedShare(new SharedCounters(), share, false));

/** All numbers that can be taken. */
function takenBy(take: () => number | undefined): number[] {
  const number = take();
  return number === undefined ? [] : [number, ...takenBy(take)];
}

describe('fixed shares of a limit', () => {
  it.each([
    // 7 = 3 + 2 + 2
    [3, [0, 3, 6], [1, 4], [2, 5]],
    [2, [0, 2, 4, 6], [1, 3, 5]],
    [1, [0, 1, 2, 3, 4, 5, 6]],
  ])('%d sources take the numbers of 7 sessions, and of 7 requests, once each', (sources, ...expected) => {
    expect(quotas(sources).map((quota) => takenBy(() => quota.takeSession(7)))).toEqual(expected);
    expect(quotas(sources).map((quota) => takenBy(() => quota.takeRequest(7)))).toEqual(expected);
  });

  it('say when they are used up', () => {
    const [quota] = quotas(3);
    const states = [0, 1, 2].map(() => {
      const before = [quota?.sessionsAreTaken(7), quota?.requestsAreTaken(7), quota?.prefillIsFull(7)];
      quota?.takeSession(7);
      quota?.takeRequest(7);
      quota?.takePrefill(7);
      return before;
    });
    expect(states.flat()).toEqual(Array(9).fill(false));
    expect([quota?.sessionsAreTaken(7), quota?.requestsAreTaken(7), quota?.prefillIsFull(7)]).toEqual([
      ...[true, true, true],
    ]);
  });

  it('add up to the slots and to the places before the first token, at each step of a ramp', () => {
    for (let limit = 0; limit <= 9; limit++) {
      const slots = (take: 'takeSlot' | 'takePrefill') =>
        quotas(4).map((quota) => takenBy(() => (quota[take](limit) ? 1 : undefined)).length);
      expect(slots('takeSlot').reduce((sum, count) => sum + count)).toBe(limit);
      expect(slots('takePrefill').reduce((sum, count) => sum + count)).toBe(limit);
    }
  });

  it('are free again', () => {
    const [quota] = quotas(2);
    const take = () => [quota?.takeSlot(3), quota?.takePrefill(3)];
    expect([take(), take(), take()]).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
    quota?.freeSlot();
    quota?.freePrefill();
    expect(take()).toEqual([true, true]);
  });

  it('have no bound where there is none', () => {
    const [, quota] = quotas(2);
    expect([quota?.takeRequest(Number.POSITIVE_INFINITY), quota?.shareOf(Number.POSITIVE_INFINITY)]).toEqual([
      ...[1, Number.POSITIVE_INFINITY],
    ]);
  });

  it('of a schedule: the count is its own, and not split', () => {
    const own = fixedShare(new SharedCounters(), { source: 1, sources: 2 }, true);
    expect([takenBy(() => own.takeRequest(3)), own.requestsAreTaken(3)]).toEqual([[1, 3, 5], true]);
    expect(takenBy(() => own.takeSession(3))).toEqual([1]);
  });
});

/** What sources send together, in order of time: when, and what. Each answer comes within the second. */
function sent(issuing: Issuing, sources: number, options: StageOptions, threads = 1) {
  const players = shares(sources).flatMap((share: SourceShare) => {
    const counters = new SharedCounters();
    const quota = fixedShare(counters, share, issuing.kind === 'fixed-schedule');
    return Array.from({ length: threads }, (_, thread) =>
      stage({ ...options, counters, quota }, (phase) =>
        openIssuer(issuing, phase, { ...share, thread, threads, seed: 7, turnsOf: () => options.turns ?? 1 }),
      ),
    );
  });
  for (let second = 0; second <= 40; second++) {
    for (const player of players) {
      player.advanceTo(second * S);
      player.answerAll();
    }
  }
  expect(players.map((player) => player.done())).toEqual(players.map(() => 1));
  const requests = players.flatMap((player) =>
    player.records.map(({ dueNs, conversationId, turnIndex, sessionNum }) => ({
      ...{ key: `${Math.round(dueNs)} ${conversationId} ${turnIndex}`, sessionNum },
    })),
  );
  expect(new Set(requests.map(({ sessionNum }) => sessionNum)).size).toBe(requests.length);
  return requests.map(({ key }) => key).sort();
}

const rate = { kind: 'rate', ratePerSecond: 3, smoothness: 1, rampNs: 0, rampStepNs: S / 10 } as const;
/** Five sessions of two turns. */
const schedule = {
  zeroMs: 0,
  conversations: Uint32Array.of(4, 3, 2, 1, 0),
  dueNs: Float64Array.of(0, S, S, 2 * S, 5 * S),
  turns: Uint32Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 1),
  turnsBefore: Uint32Array.of(0, 2, 4, 6, 8, 10),
};

describe('several sources send what one would', () => {
  it.each([
    ['a constant rate', { ...rate, pattern: 'constant' as const }, { requestLimit: 25 }],
    ['a Poisson stream', { ...rate, pattern: 'poisson' as const }, { requestLimit: 25 }],
    ['a gamma stream', { ...rate, pattern: 'gamma' as const, smoothness: 3 }, { sessionLimit: 25 }],
  ])('%s', (_, arrivals, limits) => {
    const issuing: Issuing = { ...arrivals, catchUpNs: 9e9, ceiling: undefined, singleTurns: true };
    const one = sent(issuing, 1, limits);
    expect(one).toHaveLength(25);
    expect(sent(issuing, 2, limits)).toEqual(one);
    expect(sent(issuing, 3, limits, 2)).toEqual(one);
    expect(sent(issuing, 8, limits)).toEqual(one);
  });

  it('a schedule that a count cuts', () => {
    const issuing: Issuing = { kind: 'fixed-schedule', schedule, ceiling: undefined };
    const limits = { turns: 2, requestLimit: 7, timings: Array(5).fill([{}, { delayMs: 500 }]) };
    const one = sent(issuing, 1, limits);
    expect(one).toHaveLength(7);
    for (const sources of [2, 3, 8]) expect(sent(issuing, sources, limits)).toEqual(one);
  });

  it('users', () => {
    const issuing: Issuing = {
      kind: 'user-centric',
      users: 4,
      ratePerSecond: 2,
      turns: 3,
      ceiling: undefined,
    };
    const limits = { turns: 3, sessionLimit: 10 };
    const one = sent(issuing, 1, limits);
    for (const sources of [2, 4]) expect(sent(issuing, sources, limits)).toEqual(one);
  });

  it('a closed loop: as many, of the same conversations', () => {
    const issuing: Issuing = { kind: 'closed-loop', concurrency: { limit: 5, rampNs: 0 } };
    const what = (sources: number) =>
      sent(issuing, sources, { turns: 2, sessionLimit: 11 }).map((key) => key.replace(/^\d+ /, ''));
    const one = what(1);
    expect(one).toHaveLength(22);
    for (const sources of [2, 3, 5]) expect(what(sources).sort()).toEqual(one.sort());
  });
});
