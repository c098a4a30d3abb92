import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EventLoopMonitor } from '../../src/load/event-loop-monitor.js';
import type { Observation } from '../../src/telemetry/time-series.js';

const ms = 1e6;

describe('monitor', () => {
  const nowNs = () => performance.now() * ms;
  const busy = (forMs: number) => {
    const until = performance.now() + forMs;
    while (performance.now() < until);
  };
  const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

  /** Holds the loop up for some ms, between two pauses of 30. */
  const heldUp = async (monitor: EventLoopMonitor, forMs: number) => {
    monitor.begin(nowNs());
    await sleep(30);
    const fromNs = nowNs();
    busy(forMs);
    const toNs = nowNs();
    // Before any timer could tell: the tick that was due is overdue.
    const isLateAlready = monitor.mayBeLate(toNs);
    await sleep(30);
    return { fromNs, toNs, isLateAlready };
  };

  it('sees a loop that is held up for 120 ms, and which stamps it spoils', async () => {
    const monitor = new EventLoopMonitor(nowNs, 0, () => {});
    const { fromNs, isLateAlready } = await heldUp(monitor, 120);
    expect(isLateAlready).toBe(true);
    const { stalls, lateNs, loopDelayNs } = monitor.end();
    // On a busy machine it may begin before.
    const mine = stalls.find(
      ({ startNs, endNs }) => startNs <= fromNs + 15 * ms && endNs >= fromNs + 115 * ms,
    );
    expect(mine).toBeDefined();
    expect(lateNs).toBeGreaterThanOrEqual(100 * ms);
    expect(loopDelayNs.max).toBeGreaterThanOrEqual(110 * ms);
    monitor.close();
  });

  it('reports nothing of a phase that was ended before its start, whatever the phase before it saw', async () => {
    const monitor = new EventLoopMonitor(nowNs, 0, () => {});
    await heldUp(monitor, 60);
    expect(monitor.end().lateNs).toBeGreaterThan(0);
    monitor.prepare();
    const { startNs, endNs, ...rest } = monitor.end();
    expect(endNs).toBe(startNs);
    const none = { p50: 0, p99: 0, max: 0 };
    expect(rest).toEqual({
      ...{ thread: 0, loopDelayNs: none, readLagNs: none, gc: { count: 0, totalNs: 0, maxNs: 0 } },
      ...{ busyShare: 0, cpuShare: undefined, waitShare: undefined, stalls: [], lateNs: 0 },
    });
    monitor.close();
  });

  it('knows the stamps of past stalls while it watches, and none that was in time', async () => {
    const monitor = new EventLoopMonitor(nowNs, 0, () => {});
    const { fromNs, toNs } = await heldUp(monitor, 60);
    expect(monitor.mayBeLate((fromNs + toNs) / 2)).toBe(true);
    expect(monitor.mayBeLate(fromNs - 1000 * ms)).toBe(false);
    expect(monitor.mayBeLate(Number.NaN)).toBe(false);
    monitor.end();
    monitor.close();
  });

  /** A monitor whose clock stands still but where a test moves it, while its ticks come in real time. */
  const stopped = () => {
    const clock = { nowNs: 0 };
    const monitor = new EventLoopMonitor(
      () => clock.nowNs,
      0,
      () => {},
    );
    monitor.prepare();
    monitor.begin(0);
    return { clock, monitor };
  };

  it('a late start is a stall from when the phase was due: its first requests were not sent either', () => {
    const clock = { nowNs: 2000 * ms };
    const monitor = new EventLoopMonitor(
      () => clock.nowNs,
      0,
      () => {},
    );
    monitor.begin(500 * ms);
    expect(monitor.mayBeLate(500 * ms)).toBe(false);
    // Due 10 ms after the start or later: its sending is more than 10 ms late.
    expect(monitor.mayBeLate(511 * ms)).toBe(true);
    const { startNs, stalls, lateNs, loopDelayNs } = monitor.end();
    expect(stalls.map((stall) => [stall.startNs, stall.endNs])).toEqual([[500 * ms, 2000 * ms]]);
    expect([startNs, lateNs, loopDelayNs.max]).toEqual([500 * ms, 1490 * ms, 1500 * ms]);
    monitor.close();
  });

  it('counts the ticks that a late one hides, and the time after the first 10 ms', async () => {
    const { clock, monitor } = stopped();
    // The first tick is due at 5 ms and comes 20 ms late: 20, 15, 10, 5 and 0 ms.
    clock.nowNs = 25 * ms;
    await sleep(20);
    const { loopDelayNs, lateNs, stalls } = monitor.end();
    expect(loopDelayNs.p50).toBeGreaterThanOrEqual(10 * ms);
    expect(loopDelayNs.p50).toBeLessThan(10 * ms * 2 ** (1 / 16));
    expect(loopDelayNs.max).toBe(20 * ms);
    expect(lateNs).toBe(10 * ms);
    expect(stalls.map(({ startNs, endNs }) => [startNs, endNs])).toEqual([[5 * ms, 25 * ms]]);
    monitor.close();
  });

  it('calls a time blocked in which the thread neither ran nor waited for a core', async () => {
    const { clock, monitor } = stopped();
    clock.nowNs = 60_000 * ms;
    await sleep(20);
    // Without the scheduler's account nobody can tell.
    const cause = existsSync('/proc/thread-self/schedstat') ? 'blocked' : 'own work';
    expect(monitor.end().stalls.map((stall) => stall.cause)).toEqual([cause]);
    monitor.close();
  });

  it('takes the lag of reads behind a tick, a long turn as one and a short one for those like it', async () => {
    // The first is read before any tick, the others each in the turn of a tick: whatever asks for the time is a tick.
    const lagsMs = [99, 10, 10, 1];
    let isReading = false;
    const monitor = new EventLoopMonitor(
      () => {
        if (!isReading) queueMicrotask(read);
        isReading = true;
        return 0;
      },
      0,
      () => {},
    );
    const read = () => {
      isReading = false;
      const lagMs = lagsMs.shift();
      if (lagMs !== undefined) monitor.noteRead(lagMs * ms);
    };
    monitor.begin(0);
    while (lagsMs.length > 0) await sleep(5);
    await sleep(5);
    const { readLagNs } = monitor.end();
    // Weights 1, 1 and 5 ms / 1 ms = 5.
    expect(readLagNs.p50).toBeGreaterThanOrEqual(1 * ms);
    expect(readLagNs.p50).toBeLessThan(1 * ms * 2 ** (1 / 16));
    expect(readLagNs.p99).toBe(10 * ms);
    expect(readLagNs.max).toBe(10 * ms);
    monitor.close();
  });

  it('observes itself when a phase begins, each second, and when it ends', async () => {
    const clock = { nowNs: 0 };
    const observations: Observation[] = [];
    const monitor = new EventLoopMonitor(
      () => clock.nowNs,
      3,
      (observation) => observations.push(observation),
    );
    monitor.begin(0);
    // Ticks are due 5 ms after each: 2 ms late, on time, and 15 ms late; the first second ends before the last.
    for (const atMs of [7, 12, 1032, 2500]) {
      clock.nowNs = atMs * ms;
      await sleep(20);
    }
    clock.nowNs = 2501 * ms;
    monitor.end();
    const seen = (name: string) =>
      observations.map(({ samples }) => samples.find(({ metric }) => metric.name === name)?.value);
    expect(observations.map(({ source, atNs }) => [source, atNs / ms])).toEqual([
      ...[
        ['client', 0],
        ['client', 1032],
        ['client', 2500],
        ['client', 2501],
      ],
    ]);
    expect(observations.map(({ samples }) => samples[0]?.labels)).toEqual(Array(4).fill({ thread: '3' }));
    // 1032 - 17; 2500 - 1037; the tick that is due at 2505 is not late at 2501.
    expect(seen('client_event_loop_delay')).toEqual([0, 1015, 1463, 0]);
    // Each delay less 10 ms, summed up.
    expect(seen('client_late_time')).toEqual([0, 1005, 2458, 2458]);
    expect(seen('client_read_lag')).toEqual([0, 0, 0, 0]);
    monitor.close();
  });

  it('a phase that ended before it began has nothing to report', () => {
    const monitor = new EventLoopMonitor(nowNs, 0, () => {});
    const { startNs, endNs, stalls, lateNs } = monitor.end();
    expect({ length: endNs - startNs, stalls, lateNs }).toEqual({ length: 0, stalls: [], lateNs: 0 });
    monitor.close();
  });
});
