import { expect, it } from 'vitest';
import { isAllDone } from '../../src/commands/profile/all-done.js';
import { SharedCounters } from '../../src/load/counters.js';
import { MetricStore } from '../../src/metrics/compute.js';

const nothing = new MetricStore(
  { streaming: true, producesTokens: true, tokenizesInput: true, serverTokenCounts: false },
  { oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 },
  { monotonicNs: 0n, epochNs: 0n },
).summary();

it.each([
  // [phase, sent, expected, duration, interrupt after, dropped, left in the spool], all done
  [['profiling', 3, 3, Number.POSITIVE_INFINITY, 1e9, 0, 0], true],
  [['profiling', 2, 3, Number.POSITIVE_INFINITY, 1e9, 0, 0], false],
  [['profiling', 3, undefined, Number.POSITIVE_INFINITY, 1e9, 0, 0], false],
  [['profiling', 3, undefined, 5e9, 5e9, 0, 0], true],
  [['profiling', 3, undefined, 5e9, 4.9e9, 0, 0], false],
  [['profiling', 3, 3, Number.POSITIVE_INFINITY, 1e9, 1, 0], false],
  [['profiling', 3, 3, Number.POSITIVE_INFINITY, 1e9, 0, 1], false],
  // Profiling was still to come.
  [['warmup', 3, 3, Number.POSITIVE_INFINITY, 1e9, 0, 0], false],
] as const)(
  '%j is all done: %s',
  ([name, sent, expectedRequests, durationNs, afterNs, dropped, left], isDone) => {
    const counters = new SharedCounters();
    for (let i = 0; i < sent; i++) counters.takeRequest(100);
    const plan = {
      ...{ name, durationNs, graceNs: 0, counters: counters.buffer, requestLimit: 100, sessionLimit: 100 },
      ...{ issuing: { kind: 'closed-loop', concurrency: { limit: 1, rampNs: 0 } } as const },
      ...{ prefill: undefined, cancellation: undefined },
    };
    const profiling = { ...nothing, outcomes: { ...nothing.outcomes, dropped } };
    const summaries = { profiling, left: { warmup: 0, profiling: left } };
    expect(isAllDone({ plan, counters, expectedRequests, concurrency: 1 }, afterNs, summaries)).toBe(isDone);
  },
);
