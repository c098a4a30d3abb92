import { expect, it } from 'vitest';
import { openClock, takeOrigin, wallNs } from '../../src/util/clock.js';

const MS_NS = 1_000_000n;

it('gives wall times that are never ahead of the system clock, nor far behind it', () => {
  const origin = takeOrigin();
  const clock = openClock(origin);
  const untilNs = clock.nowNs() + 20e6;
  let ahead = 0;
  let farBehind = 0;
  for (let atNs = clock.nowNs(); atNs < untilNs; atNs = clock.nowNs()) {
    const beforeMs = Date.now();
    const ours = wallNs(origin, clock.nowNs());
    const afterMs = Date.now();
    if (ours >= BigInt(afterMs + 1) * MS_NS) ahead++;
    if (ours < BigInt(beforeMs - 20) * MS_NS) farBehind++;
  }
  expect({ ahead, farBehind }).toEqual({ ahead: 0, farBehind: 0 });
});

it('gives the wall time of any moment to the nanosecond, past 2^53', () => {
  const origin = { monotonicNs: 5_000_000_123n, epochNs: 1_790_000_000_123_456_789n };
  expect(wallNs(origin, 211)).toBe(1_790_000_000_123_457_000n);
});
