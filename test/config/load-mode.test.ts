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
  expect(loadMode({ fixedSchedule, userCentricRate, requestRate, requestRateSeries: undefined })).toBe(mode);
});

it('a series is a rate', () => {
  const none = { fixedSchedule: false, userCentricRate: undefined, requestRate: undefined };
  expect(loadMode({ ...none, requestRateSeries: 'rates.json' })).toBe('rate');
});
