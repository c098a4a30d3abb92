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
    probe.begin();
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

  it('a phase that ended before it began has nothing to report', () => {
    const probe = new Probe(nowNs);
    const { startNs, endNs, stalls, lateNs } = probe.end(0);
    expect({ length: endNs - startNs, stalls, lateNs }).toEqual({ length: 0, stalls: [], lateNs: 0 });
    probe.close();
  });
});
