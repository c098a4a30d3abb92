import { expect, it } from 'vitest';
import { openClock, takeOrigin, wallNs, wallNsText } from '../../src/util/clock.js';

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

it('writes that time in digits, leading zeros of the fraction included', () => {
  const origin = { monotonicNs: 0n, epochNs: 1_790_000_000_999_999_000n };
  for (const [atNs, text] of [
    [0, '1790000000999999000'],
    [999, '1790000000999999999'],
    [1000, '1790000001000000000'],
    [1007.4, '1790000001000000007'],
    [3_600e9, '1790003600999999000'],
    [-1_000_000_000, '1789999999999999000'],
  ] as const) {
    expect(wallNsText(origin, atNs)).toBe(text);
    expect(wallNsText(origin, atNs)).toBe(`${wallNs(origin, atNs)}`);
  }
  expect(wallNsText({ monotonicNs: 0n, epochNs: 7_000_000_005n }, 0)).toBe('7000000005');
});
