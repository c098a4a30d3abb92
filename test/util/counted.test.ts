import { expect, it } from 'vitest';
import { counted, withThousands } from '../../src/util/counted.js';

it.each([
  [0, '0'],
  [999.4, '999'],
  [1000, '1,000'],
  [-1_234_567, '-1,234,567'],
  [1e21, '1,000,000,000,000,000,000,000'],
])('%d with thousands separators is %s', (value, text) => {
  expect(withThousands(value)).toBe(text);
});

it.each([
  [1, '1 request'],
  [2, '2 requests'],
  [12_345, '12,345 requests'],
  [1234.5678, '1,234.568 requests'],
])('%d is counted as %s', (value, text) => {
  expect(counted(value, 'request')).toBe(text);
});
