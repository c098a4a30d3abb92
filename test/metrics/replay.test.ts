import { expect, test } from 'vitest';
import type { RunTraits } from '../../src/metrics/metric.js';
import { replayWarning } from '../../src/metrics/replay-metrics.js';
import { counted, ms, storeOf, streamingChat } from './records.js';

const replay: RunTraits = { ...streamingChat, fixedSchedule: true };

/** Requests of a schedule, each so many ms late. */
function replayed(latenessMs: readonly number[]) {
  return latenessMs.map((late, i) => {
    const [dueNs, startNs] = [ms(1000 * i), ms(1000 * i + late)];
    const contentNs = Float64Array.of(startNs + ms(10), startNs + ms(20));
    return counted({ dueNs, startNs, contentNs, firstOutputNs: startNs + ms(10), endNs: startNs + ms(21) });
  });
}

function lags(latenessMs: readonly number[], traits = replay) {
  const { results } = storeOf(replayed(latenessMs), traits).summary();
  return results
    .filter(({ tag }) => tag.startsWith('replay_sched_'))
    .map(({ tag, unit, statistics }) => [tag, unit, statistics]);
}

test('the lag of a replay counts from the least late request', () => {
  // 5, 6, 7, 8 and 25 ms late: 0, 1, 2, 3 and 20 ms later than the first.
  expect(lags([5, 6, 7, 8, 25])).toEqual([
    ['replay_sched_lag_p50', 'ms', { avg: 2 }],
    ['replay_sched_lag_p90', 'ms', { avg: 13.2 }],
    ['replay_sched_lag_p99', 'ms', { avg: expect.closeTo(19.32, 9) }],
    ['replay_sched_degraded', 'count', { avg: 0 }],
  ]);
});

test('a lateness that all requests share does not show, and half a second at the 99th percentile is too late', () => {
  expect(lags([700, 700])).toContainEqual(['replay_sched_degraded', 'count', { avg: 0 }]);
  expect(lags([0, 500])).toContainEqual(['replay_sched_lag_p99', 'ms', { avg: 495 }]);
  expect(lags([0, 500])).toContainEqual(['replay_sched_degraded', 'count', { avg: 0 }]);
  expect(lags([0, 506])).toContainEqual(['replay_sched_degraded', 'count', { avg: 1 }]);
});

test('it is of replays only, of the whole run, and of requests that succeeded', () => {
  expect(lags([5, 25], streamingChat)).toEqual([]);
  expect(lags([])).toEqual([]);
  const { sliced } = storeOf(replayed([5, 25]), { ...replay, sliceSeconds: 1 }).summary();
  const tags = sliced?.slices.flatMap(({ results }) => results.map(({ tag }) => tag)) ?? [];
  expect(tags).toContain('request_latency');
  expect(tags.filter((tag) => tag.startsWith('replay_sched_'))).toEqual([]);
});

test('a replay that falls behind its schedule is worth a warning', () => {
  const warning = (latenessMs: readonly number[], traits = replay) =>
    replayWarning(storeOf(replayed(latenessMs), traits).summary().results);
  expect(warning([0, 500])).toBeUndefined();
  expect(warning([0, 1000], streamingChat)).toBeUndefined();
  expect(warning([0, 1000])).toBe(
    'p99 send lag 990.0 ms (limit 500 ms): requests did not keep to the recorded schedule, ' +
      'so latency and concurrency are not those of the recorded arrivals',
  );
});
