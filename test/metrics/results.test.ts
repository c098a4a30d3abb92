import { expect, it } from 'vitest';
import { requestLatency, timeToFirstToken } from '../../src/metrics/request-metrics.js';
import { type Results, statsOf } from '../../src/metrics/results.js';
import { requestCount } from '../../src/metrics/run-metrics.js';

it('a result is looked up by its metric row, also behind a thread', () => {
  const results: Results = structuredClone([
    { tag: requestCount.tag, unit: 'requests', statistics: { avg: 3 } },
    { tag: requestLatency.tag, unit: 'ms', statistics: { avg: 5, p99: 7 } },
  ]);
  expect(statsOf(results, requestLatency)?.p99).toBe(7);
  expect(statsOf(results, requestCount)).toEqual({ avg: 3 });
  expect(statsOf(results, timeToFirstToken)).toBeUndefined();
});
