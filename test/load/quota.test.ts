import { describe, expect, it } from 'vitest';
import { SharedCounters } from '../../src/load/counters.js';
import { evenShare, fixedShare } from '../../src/load/quota.js';

const shares = (sources: number) => Array.from({ length: sources }, (_, source) => ({ source, sources }));

/** The quotas of sources that share nothing. */
const quotas = (sources: number) =>
  shares(sources).map((share) =>
    fixedShare(new SharedCounters(), share, evenShare(7, sources, share.source)),
  );

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
    expect(quota?.shareOf(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });
});
