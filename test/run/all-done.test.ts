import { expect, it } from 'vitest';
import { MetricStore } from '../../src/metrics/metric-store.js';
import { isAllDone } from '../../src/run/outcome.js';

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
    const plan = {
      ...{ name, durationNs, graceNs: 0, requestLimit: 100, sessionLimit: 100, expectedRequests },
      ...{ issuing: { kind: 'closed-loop', concurrency: { limit: 1, rampNs: 0 } } as const },
      ...{ prefill: undefined, cancellation: undefined, concurrency: 1 },
    };
    const profiling = { ...nothing, outcomes: { ...nothing.outcomes, dropped } };
    const summaries = { profiling, left: { warmup: 0, profiling: left } };
    expect(isAllDone(plan, sent, afterNs, summaries)).toBe(isDone);
  },
);
