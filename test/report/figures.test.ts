import { expect, test } from 'vitest';
import { durationWords, percentWords, short } from '../../src/report/figures.js';
import { counted } from '../../src/util/counted.js';

test.each([
  [0, '0.00'],
  [0.0123, '0.012'],
  [0.9996, '1.00'],
  [9.994, '9.99'],
  [9.996, '10.0'],
  [99.96, '100'],
  [999.6, '1,000'],
  [1234567.8, '1,234,568'],
])('%d in short is %s', (value, text) => {
  expect(short(value)).toBe(text);
});

test.each([
  [12.34, '12.3 ms'],
  [999.6, '1.00 s'],
  [5047.1, '5.05 s'],
  [119_940, '120 s'],
  [125_400, '2 min 5 s'],
  [179_600, '3 min 0 s'],
  [7_200_000, '2 h 0 min'],
])('%d ms are %s', (milliseconds, text) => {
  expect(durationWords(milliseconds)).toBe(text);
});

test.each([
  [0, '0 %'],
  [0.0004, 'under 0.1 %'],
  [0.25, '25.0 %'],
  [0.9996, 'over 99.9 %'],
  [1, '100 %'],
])('a share of %d is %s', (share, text) => {
  expect(percentWords(share)).toBe(text);
});

test('counted', () => {
  expect([counted(1, 'request'), counted(1234, 'request'), counted(0, 'request')]).toEqual([
    '1 request',
    '1,234 requests',
    '0 requests',
  ]);
});
