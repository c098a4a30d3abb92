import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holderOf, lockFolder } from '../../src/run/folder-lock.js';
import { temporaryFolder } from '../e2e/aiperf.js';

const lockOf = (folder: string) => join(folder, '.aiperf.lock');

/** A folder with the lock of a process on a machine that cannot be seen from here. */
function heldElsewhere(run?: string): string {
  const folder = temporaryFolder();
  const since = '2026-01-01T00:00:00.000Z';
  const lock = { id: 'ab12', pid: 7, host: 'pod-0', since, holdsBelow: false, run, started: '5' };
  writeFileSync(lockOf(folder), JSON.stringify(lock));
  return folder;
}

describe('a folder that a process of another machine holds', () => {
  const refusal = (folder: string) =>
    `Another run is writing into ${folder}: process 7 on pod-0, since 2026-01-01T00:00:00.000Z.`;

  it('is free for a process that holds the lease of the same run', () => {
    const folder = heldElsewhere('r');
    expect(holderOf(folder)?.run).toBe('r');
    const lock = lockFolder(folder, false, { id: 'r', isHeld: true });
    expect(JSON.parse(readFileSync(lockOf(folder), 'utf8'))).toMatchObject({ pid: process.pid, run: 'r' });
    lock.release();
    expect(existsSync(lockOf(folder))).toBe(false);
  });

  it('is also free where a process of that run was killed while it took the lock over', () => {
    const folder = heldElsewhere('r');
    writeFileSync(`${lockOf(folder)}.ab12.claim`, readFileSync(lockOf(folder)));
    lockFolder(folder, false, { id: 'r', isHeld: true }).release();
    expect(existsSync(lockOf(folder))).toBe(false);
  });

  it.each([
    ['without the lease of its run', 'r', { id: 'r', isHeld: false }],
    ['for another run', 'r', { id: 's', isHeld: true }],
    ['for a run of one machine', 'r', undefined],
    ['if its own run is one of one machine', undefined, { id: 'r', isHeld: true }],
  ])('is refused %s', (_when, held, run) => {
    const folder = heldElsewhere(held);
    expect(() => lockFolder(folder, false, run)).toThrow(refusal(folder));
  });
});
