import { describe, expect, it } from 'vitest';
import { type ArrivalOptions, openArrivals } from '../../src/schedule/arrivals.js';
import { type Random, randomStream } from '../../src/util/random.js';

const SECOND_NS = 1e9;

function take(count: number, options: Omit<ArrivalOptions, 'random'>, seed = 7): number[] {
  const next = openArrivals({ ...options, random: randomStream(seed, 'arrivals') });
  return Array.from({ length: count }, next);
}

/** The gaps in front of the first `count` requests, s. */
function gapsOf(count: number, options: Omit<ArrivalOptions, 'random'>): number[] {
  const dueNs = take(count, options);
  return dueNs.map((due, index) => (due - (dueNs[index - 1] ?? 0)) / SECOND_NS);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** A source that gives these values, one after the other. */
function scripted(...values: number[]): Random {
  const uniform = () => {
    const value = values.shift();
    if (value === undefined) throw new Error('more draws than expected');
    return value;
  };
  return { uniform, integer: () => 0, normal: () => 0 };
}

describe('a constant rate', () => {
  it.each([
    // n/λ s in whole ns: the thirds are 0.333…, 0.666…, 1.
    { rate: 3, due: [333_333_333, 666_666_667, 1_000_000_000, 1_333_333_333] },
    { rate: 100, due: [10_000_000, 20_000_000, 30_000_000, 40_000_000] },
    { rate: 0.5, due: [2e9, 4e9, 6e9, 8e9] },
  ])('of $rate/s sends at $due, the first one interval after the start', ({ rate, due }) => {
    expect(take(4, { pattern: 'constant', ratePerSecond: rate })).toEqual(due);
  });

  it('gathers no error: request 3,000,000 at 3/s is due after exactly 1,000,000 s', () => {
    const next = openArrivals({ pattern: 'constant', ratePerSecond: 3, random: scripted() });
    for (let number = 1; number < 3_000_000; number++) next();
    expect(next()).toBe(1e15);
  });
});

describe('a drawn rate', () => {
  // -ln(1 - u) of 1 - e^-1 is 1 and of 1 - e^-3 is 3, so at 2/s the gaps are 0.5 s and 1.5 s.
  it('poisson: gaps are -ln(1 - u)/λ', () => {
    const random = scripted(1 - Math.exp(-1), 1 - Math.exp(-3));
    const next = openArrivals({ pattern: 'poisson', ratePerSecond: 2, random });
    expect([next(), next()]).toEqual([0.5e9, 2e9]);
  });

  it('gamma of smoothness 1, also when none is given, is poisson', () => {
    const poisson = take(100, { pattern: 'poisson', ratePerSecond: 20 });
    expect(take(100, { pattern: 'gamma', ratePerSecond: 20, smoothness: 1 })).toEqual(poisson);
    expect(take(100, { pattern: 'gamma', ratePerSecond: 20 })).toEqual(poisson);
  });

  // Mean 1/λ; standard deviation 1/(λ√k), so the standard error of the mean of n gaps is 1/(λ√(kn)).
  it.each([
    { pattern: 'poisson', rate: 200, smoothness: undefined, cv: 1 },
    { pattern: 'poisson', rate: 0.2, smoothness: undefined, cv: 1 },
    { pattern: 'gamma', rate: 200, smoothness: 0.25, cv: 2 },
    { pattern: 'gamma', rate: 200, smoothness: 4, cv: 0.5 },
    { pattern: 'gamma', rate: 7, smoothness: 100, cv: 0.1 },
  ] as const)('$pattern at $rate/s with smoothness $smoothness: 10,000 gaps', (row) => {
    const { pattern, rate, smoothness, cv } = row;
    const gaps = gapsOf(10_000, { pattern, ratePerSecond: rate, smoothness });
    expect(Math.abs(meanOf(gaps) - 1 / rate)).toBeLessThan((3 * cv) / rate / Math.sqrt(10_000));
    expect(Math.abs(deviationOf(gaps) / meanOf(gaps) - cv)).toBeLessThan(0.05 * cv);
    // The shape, not only two moments: neighbours must not depend on each other (standard error 0.01).
    const mean = meanOf(gaps);
    const products = gaps.slice(1).map((gap, index) => (gap - mean) * ((gaps[index] ?? 0) - mean));
    expect(Math.abs(meanOf(products) / deviationOf(gaps) ** 2)).toBeLessThan(0.03);
  });

  it('a third of exponential gaps is longer than the mean: e^-1 = 36.8 %', () => {
    const gaps = gapsOf(10_000, { pattern: 'poisson', ratePerSecond: 50 });
    const longer = gaps.filter((gap) => gap > 1 / 50).length;
    // Standard error of the count: √(10,000 · 0.368 · 0.632) = 48.
    expect(Math.abs(longer - 3679)).toBeLessThan(3 * 48);
  });

  it.each(['poisson', 'gamma'] as const)('%s: one seed, one sequence', (pattern) => {
    const options = { pattern, ratePerSecond: 100, smoothness: 2.5, rampNs: 1e9 };
    expect(take(500, options, 1)).toEqual(take(500, options, 1));
    expect(take(500, options, 1)).not.toEqual(take(500, options, 2));
  });
});

describe('a rate ramp', () => {
  // 10/s over 10 s in steps of 0.1 s: starts at 10 · 0.1/10 = 0.1/s and grows by (10 - 0.1)/100 = 0.099/s a step.
  // Waiting for the first: each step j at j/10 s offers j/10 + 1/(0.1 + 0.099j). j = 8: 0.8 + 1/0.892 = 1.92108;
  // j = 9: 0.9 + 1/0.991 = 1.90908; j = 10: 1 + 1/1.09 = 1.91743 and later ones are later. So 1.90908 s.
  it('constant: the first of 10/s over 10 s is due at 1.909 s', () => {
    const [first] = take(1, { pattern: 'constant', ratePerSecond: 10, rampNs: 10e9 });
    expect(first).toBe(Math.round(0.9e9 + 1e9 / 0.991));
  });

  // λ = 100, D = 0.2 s, u = 0.1 s: 50/s, from 0.1 s on 50 + 50 · 0.1/0.2 = 75/s, from 0.2 s on 100/s.
  // Due at 20, 40, 60, 80, 100 ms. The step at 100 ms offers 100 + 13.3, not earlier than 100. Then 75/s:
  // 113.33, 126.67, 140, 153.33, 166.67, 180, 193.33; next 206.67, but the step at 200 offers 200 + 10 = 210:
  // it stays 206.67. Then 100/s: 216.67, 226.67.
  it('constant: 100/s over two steps', () => {
    const expected = [20, 40, 60, 80, 100, 340 / 3, 380 / 3, 140, 460 / 3, 500 / 3, 180, 580 / 3];
    expected.push(620 / 3, 650 / 3, 680 / 3);
    const options = { pattern: 'constant', ratePerSecond: 100, rampNs: 0.2e9, rampStepNs: 0.1e9 } as const;
    expect(take(15, options)).toEqual(expected.map((ms) => Math.round(ms * 1e6)));
  });

  // λ = 4, D = 1 s, u = 0.5 s: 2/s, from 0.5 s on 2 + 2 · 0.5 = 3/s, from 1 s on 4/s.
  // The draw 4 at 2/s is 2 s. Step 0.5: draw 3 at 3/s is 0.5 + 1 = 1.5 s, earlier. Step 1: draw 4 at 4/s is
  // 1 + 1 = 2 s, later: 1.5 s. Next: draw 2 at 4/s is 0.5 s: 2 s.
  it('poisson: the wait in progress moves to the earlier of itself and a fresh interval from the step on', () => {
    const random = scripted(...[4, 3, 4, 2].map((gap) => -Math.expm1(-gap)));
    const ramp = { rampNs: 1e9, rampStepNs: 0.5e9 };
    const next = openArrivals({ pattern: 'poisson', ratePerSecond: 4, ...ramp, random });
    expect([next(), next()]).toEqual([1.5e9, 2e9]);
  });

  // λ = 8, D = 0.25 s, u = 0.1 s: 3.2/s; 3.2 + 4.8 · 0.4 = 5.12/s at 0.1; 3.2 + 4.8 · 0.8 = 7.04/s at 0.2; 8/s at
  // 0.25 and not at 0.3. Draws: 10 -> 3.125 s; 10 -> 0.1 + 1.953; 10 -> 0.2 + 1.42; 0.08 -> 0.25 + 0.01 = 0.26 s.
  it('reaches the full rate at its end also where the steps do not divide it', () => {
    const random = scripted(...[10, 10, 10, 0.08, 0.08].map((gap) => -Math.expm1(-gap)));
    const next = openArrivals({ pattern: 'poisson', ratePerSecond: 8, rampNs: 0.25e9, random });
    expect([next(), next()]).toEqual([0.26e9, 0.27e9]);
  });

  it('of no more than a step is none', () => {
    const constant = { pattern: 'constant', ratePerSecond: 10 } as const;
    const plain = take(20, constant);
    expect(take(20, { ...constant, rampNs: 0 })).toEqual(plain);
    expect(take(20, { ...constant, rampNs: 0.05e9 })).toEqual(plain);
    expect(take(20, { ...constant, rampNs: 0.1e9 })).toEqual(plain);
  });

  it('never goes back and keeps the full rate after its end', () => {
    const dueNs = take(3000, { pattern: 'gamma', ratePerSecond: 200, smoothness: 0.5, rampNs: 5e9 });
    expect(dueNs.every((due, index) => due >= (dueNs[index - 1] ?? 0))).toBe(true);
    const after = dueNs.filter((due) => due > 5e9);
    const gaps = after.slice(1).map((due, index) => (due - (after[index] ?? 0)) / SECOND_NS);
    // CV √2: three standard errors of the mean.
    expect(Math.abs(meanOf(gaps) - 1 / 200)).toBeLessThan((3 * Math.SQRT2) / 200 / Math.sqrt(gaps.length));
  });
});
