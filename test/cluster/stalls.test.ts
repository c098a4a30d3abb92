import { expect, it } from 'vitest';
import { withLongestStalls } from '../../src/cluster/agent/stalls.js';

const stall = (startNs: number, lengthNs: number) => ({
  ...{ startNs, endNs: startNs + lengthNs },
  cause: 'own work' as const,
});

it('keeps the longest stalls of all threads, in the order of time', () => {
  const threads = [
    { thread: 0, stalls: [stall(0, 5), stall(10, 30), stall(50, 20)] },
    { thread: 1, stalls: [stall(3, 20), stall(40, 20)] },
  ];
  expect(withLongestStalls(threads, 3)).toEqual([
    { thread: 0, stalls: [stall(10, 30), stall(50, 20)] },
    { thread: 1, stalls: [stall(3, 20)] },
  ]);
  expect(withLongestStalls(threads, 9)).toEqual(threads);
});
