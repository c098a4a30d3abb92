import type { RunValues } from './metric.js';
import { derived } from './metric-rows.js';
import { creditToStartLatency } from './request-metrics.js';
import { type Results, statsOf } from './results.js';
import type { StatName } from './statistics.js';

/** Above this p99 of the lag a replay did not keep to its schedule, ms. */
const DEGRADED_ABOVE_MS = 500;

const ofSchedules = {
  requires: ['fixed schedule'],
  wholeRunOnly: true,
  absent: 'requests are not sent on a fixed schedule, or none succeeded',
} as const;

/** How much later than the least late request, ns: a lateness that all requests share does not show. */
function lag(run: RunValues, name: StatName): number | undefined {
  const [late, least] = [
    run.statistic(creditToStartLatency, name),
    run.statistic(creditToStartLatency, 'min'),
  ];
  return late === undefined || least === undefined ? undefined : late - least;
}

function lagPercentile(name: 'p50' | 'p90' | 'p99') {
  return derived({
    tag: `replay_sched_lag_${name}`,
    label: `Replay Schedule Lag ${name}`,
    short: `Sched Lag ${name}`,
    unit: 'ns',
    displayUnit: 'ms',
    ...ofSchedules,
    formula: `${name} of Credit-to-Start Latency - its minimum`,
    compute: (run) => lag(run, name),
  });
}

const replayScheduleLagP99 = lagPercentile('p99');

const replayScheduleDegraded = derived({
  tag: 'replay_sched_degraded',
  label: 'Replay Schedule Degraded',
  short: 'Sched Degraded',
  unit: 'count',
  ...ofSchedules,
  formula: `1 if Replay Schedule Lag p99 is above ${DEGRADED_ABOVE_MS} ms, else 0`,
  compute: (run) => {
    const lagNs = lag(run, 'p99');
    return lagNs === undefined ? undefined : Number(lagNs > DEGRADED_ABOVE_MS * 1e6);
  },
});

/** What to log of a replay that did not keep to its schedule; undefined for any other run. */
export function replayWarning(results: Results): string | undefined {
  if (statsOf(results, replayScheduleDegraded)?.avg !== 1) return undefined;
  const lagMs = statsOf(results, replayScheduleLagP99)?.avg ?? Number.NaN;
  return `p99 send lag ${lagMs.toFixed(1)} ms (limit ${DEGRADED_ABOVE_MS} ms): requests did not keep to the recorded schedule, so latency and concurrency are not those of the recorded arrivals`;
}

export const replayMetrics = [
  lagPercentile('p50'),
  lagPercentile('p90'),
  replayScheduleLagP99,
  replayScheduleDegraded,
];
