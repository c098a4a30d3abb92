import { expect, it } from 'vitest';
import { requireInTime, WaitNotice, waitLimit } from '../../src/cluster/agent/wait-notice.js';

it('an agent says each minute what it waits for', () => {
  let nowMs = 5000;
  const lines: string[] = [];
  const wait = new WaitNotice(
    () => nowMs,
    (level, source, message) => lines.push(`${level} ${source} ${message}`),
  );
  const after = (seconds: number) => {
    nowMs += seconds * 1000;
    wait.note('a run');
    return lines.splice(0);
  };
  const told = (minutes: string) => [`NOTICE agent still waiting for a run, for ${minutes} now`];
  expect(after(59.9)).toEqual([]);
  expect(after(0.1)).toEqual(told('1 minute'));
  expect(after(0.25)).toEqual([]);
  expect(after(200)).toEqual(told('4 minutes'));
  wait.restart();
  expect(after(30)).toEqual([]);
  expect(wait.waitedMs).toBe(30_000);
  requireInTime(wait, { run: 'r', waitSeconds: undefined });
  requireInTime(wait, { run: 'r', waitSeconds: 31 });
  expect(waitLimit(wait, { waitSeconds: undefined })).toBeUndefined();
  expect(waitLimit(wait, { waitSeconds: 31 })?.aborted).toBe(false);
  const late = () => requireInTime(wait, { run: 'r', waitSeconds: 30 });
  expect(late).toThrow('There was no run r with a free shard within 30 s.');
});
