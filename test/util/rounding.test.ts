import { expect, it } from 'vitest';
import { roundHalfEven } from '../../src/util/rounding.js';

it.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [2.49, 2],
  [2.51, 3],
  [-0.5, 0],
  [-1.5, -2],
  [-2.5, -2],
  [7, 7],
])('rounds %d to %d', (value, rounded) => {
  expect(roundHalfEven(value) + 0).toBe(rounded);
});
