import { expect, it } from 'vitest';
import { openArrivals } from '../../src/schedule/arrivals.js';
import { openRateSeries } from '../../src/schedule/rate-series.js';
import { randomStream } from '../../src/util/random.js';

const S = 1e9;
const constant = () => 1;

function take(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

it('sends where the integral of the rate reaches a whole number', () => {
  // From 2/s at 0 s to 4/s at 1 s: N(t) = 2t + t². N = 1 at √2 - 1, N = 2 at √3 - 1, N = 3 at 1. Then 4/s.
  const next = openRateSeries(
    [
      { atNs: 0, perSecond: 2 },
      { atNs: S, perSecond: 4 },
    ],
    constant,
  );
  expect(take(5, next)).toEqual([
    ...[(Math.SQRT2 - 1) * S, (Math.sqrt(3) - 1) * S].map(Math.round),
    ...[S, 1.25 * S, 1.5 * S],
  ]);
});

it('holds the first rate before the first point', () => {
  // 1/s up to 2 s, then down to 0.5/s at 4 s: N(4) = 2 + 1.5 = 3.5.
  const next = openRateSeries(
    [
      { atNs: 2 * S, perSecond: 1 },
      { atNs: 4 * S, perSecond: 0.5 },
    ],
    constant,
  );
  const [first, second, third, fourth] = take(4, next);
  expect([first, second]).toEqual([S, 2 * S]);
  // x - x²/8 = 1 in the stretch: x = 4 - 2√2.
  expect(third).toBe(Math.round((2 + 4 - 2 * Math.SQRT2) * S));
  // 0.5 requests after 4 s at 0.5/s.
  expect(fourth).toBe(5 * S);
});

it('begins when the ramp has ended', () => {
  // The ramp of 1 s rises from 0.1 · 10/s to 10/s: 5.5 requests. The series is 10/s throughout.
  const next = openArrivals({
    ...{ pattern: 'constant', ratePerSecond: 10, rampNs: S, random: randomStream(1, 'a') },
    series: [
      { atNs: 0, perSecond: 10 },
      { atNs: S, perSecond: 10 },
    ],
  });
  expect(take(7, next).slice(5)).toEqual([1.05 * S, 1.15 * S]);
});

it.each(['poisson', 'gamma'] as const)('%s arrivals follow a slow rate, too', (pattern) => {
  // 0.5/s rising to 1.5/s over 20,000 s: 20,000 requests; half of the time has 7,500 of them (σ < 90).
  const next = openArrivals({
    ...{ pattern, ratePerSecond: 0.5, smoothness: 2, random: randomStream(7, 'arrivals') },
    series: [
      { atNs: 0, perSecond: 0.5 },
      { atNs: 20_000 * S, perSecond: 1.5 },
    ],
  });
  const due = take(20_000, next);
  expect(Math.abs(due.filter((at) => at < 10_000 * S).length - 7500)).toBeLessThan(300);
  expect(due.every((at, i) => i === 0 || at >= (due[i - 1] ?? 0))).toBe(true);
});
