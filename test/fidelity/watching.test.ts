import { describe, expect, it } from 'vitest';
import { SendStatsCollector } from '../../src/fidelity/send-stats.js';
import { mergeStalls, spansText } from '../../src/fidelity/spans.js';
import type { Stall } from '../../src/fidelity/thread-report.js';
import { WireTimes } from '../../src/transport/transport.js';
import { aRecord } from '../metrics/records.js';

const ms = 1e6;

describe('spans', () => {
  const stall = (startMs: number, endMs: number): Stall => ({
    startNs: startMs * ms,
    endNs: endMs * ms,
    cause: 'own work',
  });

  it('stalls of any thread that lie within a second of each other are one', () => {
    // 100 to 150 and 1150 to 1200 are a second apart, 2201 is more than a second after 1200.
    const stalls = [stall(2201, 2300), stall(100, 150), stall(120, 170), stall(1170, 1200)];
    expect(mergeStalls(stalls)).toEqual([
      { startNs: 100 * ms, endNs: 1200 * ms, stalledNs: 130 * ms },
      { startNs: 2201 * ms, endNs: 2300 * ms, stalledNs: 99 * ms },
    ]);
  });

  it('the three longest are named, in order of time', () => {
    const spans = [stall(0, 100), stall(5000, 5900), stall(10_000, 10_200), stall(20_000, 20_300)];
    const words = spansText(mergeStalls(spans), 0);
    expect(words).toBe('5.0 s to 5.9 s, 10.0 s to 10.2 s, 20.0 s to 20.3 s and 1 more');
    expect(spansText(mergeStalls(spans.slice(0, 1)), 0)).toBe('0.0 s to 0.1 s');
  });
});

describe('tally of the requests', () => {
  it('tells new connections from used ones, and whose fault a missing one is', () => {
    const sends = new SendStatsCollector();
    const opened = Object.assign(new WireTimes(), { connectEndNs: 5, reads: 3 });
    const reused = Object.assign(new WireTimes(), { reused: true, reads: 4 });
    const failed = (message: string) => ({ error: { type: 'ClientConnectorError', message } });
    sends.add(aRecord({ dueNs: 4, startNs: 10, endNs: 30, wire: opened }));
    sends.add(aRecord({ startNs: 20, endNs: 50, wire: reused, clientLimited: true }));
    sends.add(aRecord({ startNs: 40, endNs: 41, ...failed('[connect ECONNREFUSED 127.0.0.1:1]') }));
    sends.add(aRecord({ startNs: 42, endNs: 44, ...failed('[connect EADDRNOTAVAIL 127.0.0.1:1]') }));
    expect(sends.stats).toEqual({
      requests: 4,
      limited: 1,
      opened: 1,
      reused: 1,
      refused: 1,
      starved: 1,
      // 3 + 4
      reads: 7,
      firstDueNs: 4,
      firstStartNs: 10,
      lastStartNs: 42,
      lastEndNs: 50,
      // 20 + 30 + 1 + 2
      inFlightNs: 53,
    });
  });
});
