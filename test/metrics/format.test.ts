import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixed, withCommas } from '../../src/metrics/format.js';

// Expected texts are what Python 3.11 prints for format(x, '.2f').
test.each([
  [0, '0.00'],
  [-0, '-0.00'],
  [0.125, '0.12'],
  [0.375, '0.38'],
  [-0.125, '-0.12'],
  [-0.004, '-0.00'],
  [2.675, '2.67'],
  [1.005, '1.00'],
  [0.995, '0.99'],
  [9.995, '9.99'],
  [1234.5, '1234.50'],
  [1e15 + 0.125, '1000000000000000.12'],
  [1e21, '1000000000000000000000.00'],
  [-1.5e22, '-15000000000000000000000.00'],
])('two decimals of %d', (value, text) => {
  expect(fixed(value, 2)).toBe(text);
});

test.each([
  [0.25, '0.2'],
  [0.75, '0.8'],
  [83.33333333333334, '83.3'],
  [-70, '-70.0'],
])('one decimal of %d', (value, text) => {
  expect(fixed(value, 1)).toBe(text);
});

test('rounds the exact binary value, ties to even', () => {
  const anyValue = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e17, max: 1e17 });
  const ties = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 8);
  fc.assert(
    fc.property(fc.oneof(anyValue, ties), (value) => {
      expect(fixed(value, 2)).toBe(exactly(value));
    }),
  );
});

test('commas between thousands', () => {
  expect([0, 999.999, 1000, 1234567.5, -1234.5].map(withCommas)).toEqual([
    '0.00',
    '1,000.00',
    '1,000.00',
    '1,234,567.50',
    '-1,234.50',
  ]);
});

/** The same by whole-number arithmetic: the value is mantissa * 2 ** -1074. */
function exactly(value: number): string {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  const raw = bits.getBigUint64(0);
  const exponent = raw >> 52n;
  const mantissa = (raw & ((1n << 52n) - 1n)) | (exponent === 0n ? 0n : 1n << 52n);
  const hundredths = (mantissa << (exponent === 0n ? 0n : exponent - 1n)) * 100n;
  const one = 1n << 1074n;
  const low = hundredths / one;
  const rest = (hundredths % one) * 2n;
  const rounded = rest > one || (rest === one && low % 2n === 1n) ? low + 1n : low;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return `${sign}${rounded / 100n}.${String(rounded % 100n).padStart(2, '0')}`;
}
