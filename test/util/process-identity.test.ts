import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { hasEnded, startOf, thisProcess } from '../../src/util/process-identity.js';

const own = thisProcess();

it.skipIf(own.system === undefined)('knows whether a process of this system has ended', () => {
  expect(hasEnded(own)).toBe(false);
  const { pid } = spawnSync('true');
  expect(startOf(pid)).toBeUndefined();
  expect(hasEnded({ ...own, pid })).toBe(true);
  // Another process has got the number.
  expect(hasEnded({ ...own, started: '1' })).toBe(true);
});

it('knows nothing of a process elsewhere, or without its facts', () => {
  const { pid } = spawnSync('true');
  expect(hasEnded({ ...own, pid, system: 'another boot pid:[4026531836]' })).toBe(false);
  expect(hasEnded({ ...own, pid, system: undefined })).toBe(false);
  expect(hasEnded({ ...own, pid, started: undefined })).toBe(false);
});
