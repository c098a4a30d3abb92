import { describe, expect, it } from 'vitest';
import { concurrencyAt, nextStepNs } from '../../src/schedule/ramp.js';

const S = 1e9;

describe('a concurrency ramp', () => {
  // 1 -> 10 over 9 s: limit v at 9 · (v - 1)/9 = v - 1 s.
  // 1 -> 4 over 1 s: limits 2, 3, 4 at 1/3, 2/3, 1 s.
  it.each([
    { at: 0, target: 10, ramp: 9 * S, limit: 1, next: 1 * S },
    { at: 0.5 * S, target: 10, ramp: 9 * S, limit: 1, next: 1 * S },
    { at: 1 * S - 1, target: 10, ramp: 9 * S, limit: 1, next: 1 * S },
    { at: 1 * S, target: 10, ramp: 9 * S, limit: 2, next: 2 * S },
    { at: 4.7 * S, target: 10, ramp: 9 * S, limit: 5, next: 5 * S },
    { at: 8.99 * S, target: 10, ramp: 9 * S, limit: 9, next: 9 * S },
    { at: 9 * S, target: 10, ramp: 9 * S, limit: 10, next: undefined },
    { at: 100 * S, target: 10, ramp: 9 * S, limit: 10, next: undefined },
    { at: 0.4 * S, target: 4, ramp: 1 * S, limit: 2, next: (2 * S) / 3 },
    { at: 0.7 * S, target: 4, ramp: 1 * S, limit: 3, next: 1 * S },
    { at: 0, target: 1, ramp: 9 * S, limit: 1, next: undefined },
    { at: 0, target: 10, ramp: 0, limit: 10, next: undefined },
    { at: -1, target: 10, ramp: 9 * S, limit: 1, next: 1 * S },
  ])('1 -> $target over $ramp ns is $limit at $at', ({ at, target, ramp, limit, next }) => {
    expect(concurrencyAt(at, target, ramp)).toBe(limit);
    expect(nextStepNs(at, target, ramp)).toBe(next);
  });

  it.each([2, 3, 7, 10, 97, 1000])('to %i: each step adds one, at its own time and not before', (target) => {
    const ramp = 7.3 * S;
    let atNs = 0;
    for (let limit = 1; limit < target; limit++) {
      expect(concurrencyAt(atNs, target, ramp)).toBe(limit);
      const next = nextStepNs(atNs, target, ramp) ?? Number.NaN;
      expect(next).toBeCloseTo((7.3 * S * limit) / (target - 1), 3);
      expect(concurrencyAt(next - 1, target, ramp)).toBe(limit);
      atNs = next;
    }
    expect(atNs).toBe(ramp);
    expect(concurrencyAt(atNs, target, ramp)).toBe(target);
  });
});
