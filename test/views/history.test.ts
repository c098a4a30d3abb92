import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/collect/snapshot.js';
import { addToHistory, emptyHistory } from '../../src/views/history.js';
import { madeUpSnapshot } from './api/made-up.js';

/** @param seconds since the first. */
function at(seconds: number, more: Partial<Snapshot> = {}): Snapshot {
  return madeUpSnapshot({ unixMs: 1_800_000_000_000 + seconds * 1000, ...more });
}

function inFlight(count: number): Pick<Snapshot, 'requests'> {
  return { requests: { ...madeUpSnapshot().requests, inFlight: count } };
}

function ttft(p50: number, p99: number): Pick<Snapshot, 'latencies'> {
  const figures = { p50, p90: p99, p99 };
  return {
    latencies: { ttft: { mean: p50, ...figures, recent: figures }, itl: undefined, request: undefined },
  };
}

function failed(count: number): Pick<Snapshot, 'requests'> {
  return { requests: { ...madeUpSnapshot().requests, failed: count } };
}

describe('the history of a run', () => {
  it('has a point for half a second: means, and of p99 the peak', () => {
    const history = emptyHistory();
    addToHistory(history, at(0, { ...inFlight(2), ...ttft(10, 100) }));
    addToHistory(history, at(0.25, { ...inFlight(4), ...ttft(20, 300) }));
    addToHistory(history, at(0.5, { ...inFlight(9), ...ttft(30, 50) }));
    expect(history.seconds).toEqual([0, 0.5]);
    expect(history.values.inFlight).toEqual([3, 9]);
    expect(history.values.ttftP50).toEqual([15, 30]);
    expect(history.values.ttftP99).toEqual([300, 50]);
    expect(history.values.itlP50).toEqual([null, null]);
  });

  it('has errors per second, from counts that begin again with each phase', () => {
    const history = emptyHistory();
    addToHistory(history, at(0, { phase: 'warmup', ...failed(0) }));
    addToHistory(history, at(0.5, { phase: 'warmup', ...failed(2) }));
    addToHistory(history, at(1.5, { ...failed(3) }));
    // 2 in half a second; 3 in the second that the new phase began in.
    expect(history.values.errorsPerSecond).toEqual([null, 4, 3]);
    expect(history.phases).toEqual([
      { name: 'warmup', seconds: 0 },
      { name: 'profiling', seconds: 1.5 },
    ]);
  });

  it('is bounded: when 600 points are full, each two become one', () => {
    const history = emptyHistory();
    for (let i = 0; i <= 600; i++) addToHistory(history, at(i * 0.5, { ...inFlight(i), ...ttft(i, i) }));
    expect(history.seconds).toHaveLength(301);
    expect(history.secondsPerPoint).toBe(1);
    expect(history.seconds.slice(0, 3)).toEqual([0, 1, 2]);
    expect(history.values.inFlight.slice(0, 2)).toEqual([0.5, 2.5]);
    expect(history.values.ttftP99.slice(0, 2)).toEqual([1, 3]);
    expect([history.seconds.at(-1), history.values.inFlight.at(-1)]).toEqual([300, 600]);
    for (let i = 601; i <= 20_000; i++) addToHistory(history, at(i * 0.5));
    expect(history.seconds.length).toBeLessThanOrEqual(600);
    expect(new Set(Object.values(history.values).map(({ length }) => length))).toEqual(
      new Set([history.seconds.length]),
    );
  });

  it('takes nothing from the processing after the load', () => {
    const history = emptyHistory();
    const processing = { records: 1, total: 2, elapsedSeconds: 1, etaSeconds: 1, recordsPerSecond: 1 };
    addToHistory(history, at(0));
    addToHistory(history, at(5, { processing }));
    expect(history.seconds).toEqual([0]);
  });

  it('does not go back where the clock of the machine does', () => {
    const history = emptyHistory();
    for (const seconds of [0, 1, 0.2, 1.6]) addToHistory(history, at(seconds));
    expect(history.seconds).toEqual([0, 1, 1.6]);
  });
});
