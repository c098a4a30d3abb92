import { expect, test } from 'vitest';
import { binomialCdf, normalTail, regularizedBeta, studentTail } from '../../src/metrics/distributions.js';

test("Student's t, against closed forms and tables", () => {
  // One degree of freedom: 1/2 - atan(t) / pi; two: 1/2 - t / (2 sqrt(2 + t^2)).
  for (const t of [-3, -0.5, 0, 0.1, 1, 10, 1000]) {
    expect(studentTail(t, 1)).toBeCloseTo(0.5 - Math.atan(t) / Math.PI, 12);
    expect(studentTail(t, 2)).toBeCloseTo(0.5 - t / (2 * Math.sqrt(2 + t * t)), 12);
  }
  // Quantiles for 0.025 and 0.005 as printed tables have them.
  expect(studentTail(2.228138852, 10)).toBeCloseTo(0.025, 9);
  expect(studentTail(3.169272673, 10)).toBeCloseTo(0.005, 9);
  expect(studentTail(1.959963985, 1e7)).toBeCloseTo(0.025, 7);
});

test('the normal tail', () => {
  expect(normalTail(0)).toBeCloseTo(0.5, 7);
  expect(normalTail(1.959963984540054)).toBeCloseTo(0.025, 8);
  expect(normalTail(-1.6448536269514722)).toBeCloseTo(0.95, 7);
  expect(normalTail(5) / 2.866515718791939e-7).toBeCloseTo(1, 6);
});

test('binomial sums', () => {
  // 10 draws of 1/2: (1 + 10 + 45) / 1024.
  expect(binomialCdf(2, 10, 0.5)).toBeCloseTo(56 / 1024, 13);
  expect(binomialCdf(-1, 10, 0.5)).toBe(0);
  expect(binomialCdf(10, 10, 0.5)).toBe(1);
  // 40 draws of 0.99: 1 - 0.99 ** 40 for fewer than all.
  expect(binomialCdf(39, 40, 0.99)).toBeCloseTo(1 - 0.99 ** 40, 12);
  // Large numbers, by symmetry.
  expect(binomialCdf(49_999, 100_000, 0.5) + binomialCdf(50_000, 100_000, 0.5)).toBeCloseTo(1, 10);
});

test('the incomplete beta function', () => {
  // I_x(1, b) = 1 - (1 - x)^b; I_x(a, 1) = x^a.
  expect(regularizedBeta(0.3, 1, 7)).toBeCloseTo(1 - 0.7 ** 7, 13);
  expect(regularizedBeta(0.3, 7, 1)).toBeCloseTo(0.3 ** 7, 13);
  expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3)]).toEqual([0, 1]);
});
