import { describe, expect, it } from 'vitest';
import { openTimerQueue } from '../../src/load/timer-queue.js';
import { openClock, takeOrigin } from '../../src/util/clock.js';

const { nowNs } = openClock(takeOrigin());
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the alarm', () => {
  it('calls in the order of due times, never early, and equal times in the order of asking', async () => {
    const alarm = openTimerQueue(nowNs);
    const startNs = nowNs();
    const rung: { name: string; earlyNs: number }[] = [];
    const ring = (name: string, afterMs: number) =>
      alarm.at(startNs + afterMs * 1e6, () => {
        rung.push({ name, earlyNs: startNs + afterMs * 1e6 - nowNs() });
      });
    ring('d', 12);
    ring('b', 5);
    ring('a', 0);
    ring('c', 5);
    const cancelled = ring('never', 6);
    alarm.cancel(cancelled);
    expect(rung).toEqual([]);
    await pause(60);
    expect(rung.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(rung.filter(({ earlyNs }) => earlyNs > 0)).toEqual([]);
  });

  it('takes an earlier time while it waits for a later one, and new ones from within a call', async () => {
    const alarm = openTimerQueue(nowNs);
    const rung: string[] = [];
    alarm.at(nowNs() + 40e6, () => rung.push('late'));
    alarm.at(nowNs() + 2e6, () => {
      rung.push('early');
      alarm.at(nowNs() + 2e6, () => rung.push('from within'));
    });
    await pause(80);
    expect(rung).toEqual(['early', 'from within', 'late']);
  });

  it('keeps many entries in order', async () => {
    const alarm = openTimerQueue(nowNs);
    const startNs = nowNs();
    const rung: number[] = [];
    const dues = Array.from({ length: 500 }, (_, i) => (i * 7919) % 500);
    for (const due of dues) alarm.at(startNs + due * 1e4, () => rung.push(due));
    await pause(60);
    expect(rung).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('forgets everything when closed', async () => {
    const alarm = openTimerQueue(nowNs);
    let rung = 0;
    alarm.at(nowNs() + 1e6, () => {
      rung++;
    });
    alarm.close();
    await pause(10);
    expect(rung).toBe(0);
  });
});
