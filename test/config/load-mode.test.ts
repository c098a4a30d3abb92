import { expect, it } from 'vitest';
import { loadMode } from '../../src/config/load-mode.js';

it.each([
  [false, undefined, undefined, 'concurrency'],
  [false, undefined, 5, 'rate'],
  [false, 2, undefined, 'user-centric'],
  [false, 2, 5, 'user-centric'],
  [true, undefined, undefined, 'fixed-schedule'],
  [true, undefined, 5, 'fixed-schedule'],
  [true, 2, undefined, 'fixed-schedule'],
  [true, 2, 5, 'fixed-schedule'],
] as const)('schedule %s, users at %s, rate %s: %s', (fixedSchedule, userCentricRate, requestRate, mode) => {
  expect(loadMode({ fixedSchedule, userCentricRate, requestRate })).toBe(mode);
});
