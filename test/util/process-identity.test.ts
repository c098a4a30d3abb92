import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
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

it.skipIf(own.system === undefined)(
  'knows that a process has ended for which its parent does not wait',
  async () => {
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void parent.kill());
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const pid = Number(line);
    // A shell would wait for it.
    while (!readFileSync(`/proc/${parent.pid}/stat`, 'utf8').includes('(sleep)')) await wait(5);
    process.kill(pid, 'SIGKILL');
    while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await wait(5);
    expect(startOf(pid)).toBeUndefined();
    expect(hasEnded({ ...own, pid })).toBe(true);
  },
);

it('knows nothing of a process elsewhere, or without its facts', () => {
  const { pid } = spawnSync('true');
  expect(hasEnded({ ...own, pid, system: 'another boot pid:[4026531836]' })).toBe(false);
  expect(hasEnded({ ...own, pid, system: undefined })).toBe(false);
  expect(hasEnded({ ...own, pid, started: undefined })).toBe(false);
});
