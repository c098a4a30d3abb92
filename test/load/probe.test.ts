import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Probe } from '../../src/load/probe.js';

const ms = 1e6;

describe('probe', () => {
  const nowNs = () => performance.now() * ms;
  const busy = (forMs: number) => {
    const until = performance.now() + forMs;
    while (performance.now() < until);
  };
  const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

  /** Holds the loop up for some ms, between two pauses of 30. */
  const heldUp = async (probe: Probe, forMs: number) => {
    probe.begin(nowNs());
    await sleep(30);
    const fromNs = nowNs();
    busy(forMs);
    const toNs = nowNs();
    // Before any timer could tell: the tick that was due is overdue.
    const isLateAlready = probe.mayBeLate(toNs);
    await sleep(30);
    return { fromNs, toNs, isLateAlready };
  };

  it('sees a loop that is held up for 120 ms, and which stamps it spoils', async () => {
    const probe = new Probe(nowNs);
    const { fromNs, isLateAlready } = await heldUp(probe, 120);
    expect(isLateAlready).toBe(true);
    const { stalls, lateNs, loopDelayNs } = probe.end(3);
    const mine = stalls.find(
      ({ startNs, endNs }) => startNs >= fromNs - 5 * ms && endNs >= fromNs + 115 * ms,
    );
    expect(mine).toBeDefined();
    expect(lateNs).toBeGreaterThanOrEqual(100 * ms);
    expect(loopDelayNs.max).toBeGreaterThanOrEqual(110 * ms);
    probe.close();
  });

  it('knows the stamps of past stalls while it watches, and none that was in time', async () => {
    const probe = new Probe(nowNs);
    const { fromNs, toNs } = await heldUp(probe, 60);
    expect(probe.mayBeLate((fromNs + toNs) / 2)).toBe(true);
    expect(probe.mayBeLate(fromNs - 1000 * ms)).toBe(false);
    expect(probe.mayBeLate(Number.NaN)).toBe(false);
    probe.end(0);
    probe.close();
  });

  /** A probe whose clock stands still but where a test moves it, while its ticks come in real time. */
  const stopped = () => {
    const clock = { nowNs: 0 };
    const probe = new Probe(() => clock.nowNs);
    probe.prepare();
    probe.begin(0);
    return { clock, probe };
  };

  it('a late start is a stall from when the phase was due: its first requests were not sent either', () => {
    const clock = { nowNs: 2000 * ms };
    const probe = new Probe(() => clock.nowNs);
    probe.begin(500 * ms);
    expect(probe.mayBeLate(500 * ms)).toBe(false);
    // Due 10 ms after the start or later: its sending is more than 10 ms late.
    expect(probe.mayBeLate(511 * ms)).toBe(true);
    const { startNs, stalls, lateNs, loopDelayNs } = probe.end(0);
    expect(stalls.map((stall) => [stall.startNs, stall.endNs])).toEqual([[500 * ms, 2000 * ms]]);
    expect([startNs, lateNs, loopDelayNs.max]).toEqual([500 * ms, 1490 * ms, 1500 * ms]);
    probe.close();
  });

  it('counts the ticks that a late one hides, and the time after the first 10 ms', async () => {
    const { clock, probe } = stopped();
    // The first tick is due at 5 ms and comes 20 ms late: 20, 15, 10, 5 and 0 ms.
    clock.nowNs = 25 * ms;
    await sleep(20);
    const { loopDelayNs, lateNs, stalls } = probe.end(0);
    expect(loopDelayNs.p50).toBeGreaterThanOrEqual(10 * ms);
    expect(loopDelayNs.p50).toBeLessThan(10 * ms * 2 ** (1 / 16));
    expect(loopDelayNs.max).toBe(20 * ms);
    expect(lateNs).toBe(10 * ms);
    expect(stalls.map(({ startNs, endNs }) => [startNs, endNs])).toEqual([[5 * ms, 25 * ms]]);
    probe.close();
  });

  it('blames the machine for a time in which the thread neither ran nor waited for a core', async () => {
    const { clock, probe } = stopped();
    clock.nowNs = 60_000 * ms;
    await sleep(20);
    // Without the scheduler's account nobody can tell.
    const cause = existsSync('/proc/thread-self/schedstat') ? 'machine' : 'own work';
    expect(probe.end(0).stalls.map((stall) => stall.cause)).toEqual([cause]);
    probe.close();
  });

  it('takes the lag of reads behind a tick, a long turn as one and a short one for those like it', async () => {
    // The first is read before any tick, the others each in the turn of a tick: whatever asks for the time is a tick.
    const lagsMs = [99, 10, 10, 1];
    let isReading = false;
    const probe = new Probe(() => {
      if (!isReading) queueMicrotask(read);
      isReading = true;
      return 0;
    });
    const read = () => {
      isReading = false;
      const lagMs = lagsMs.shift();
      if (lagMs !== undefined) probe.noteRead(lagMs * ms);
    };
    probe.begin(0);
    while (lagsMs.length > 0) await sleep(5);
    await sleep(5);
    const { readLagNs } = probe.end(0);
    // Weights 1, 1 and 5 ms / 1 ms = 5.
    expect(readLagNs.p50).toBeGreaterThanOrEqual(1 * ms);
    expect(readLagNs.p50).toBeLessThan(1 * ms * 2 ** (1 / 16));
    expect(readLagNs.p99).toBe(10 * ms);
    expect(readLagNs.max).toBe(10 * ms);
    probe.close();
  });

  it('a phase that ended before it began has nothing to report', () => {
    const probe = new Probe(nowNs);
    const { startNs, endNs, stalls, lateNs } = probe.end(0);
    expect({ length: endNs - startNs, stalls, lateNs }).toEqual({ length: 0, stalls: [], lateNs: 0 });
    probe.close();
  });
});
