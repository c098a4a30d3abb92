import type { RunValues } from './metric.js';
import { derived, summed } from './metric-rows.js';
import { meets } from './objective.js';
import { completedRequestCount, plannedCancellationCount } from './run-metrics.js';

export const goodRequestCount = summed({
  tag: 'good_request_count',
  label: 'Good Request Count',
  unit: 'requests',
  requires: ['objectives'],
  largerIsBetter: true,
  inRecords: true,
  formula:
    'number of valid requests that meet every objective; a request without one of their values is not good',
  absent: 'no request has the values of all objectives',
  compute: (facts) => {
    const verdicts = facts.objectives.map((objective) => meets(facts, objective));
    return verdicts.includes(undefined) ? undefined : Number(!verdicts.includes(false));
  },
});

export const goodput = derived({
  tag: 'goodput',
  label: 'Goodput',
  unit: 'requests/sec',
  requires: ['objectives'],
  largerIsBetter: true,
  table: 'main',
  order: 1000,
  formula: 'Good Request Count / Benchmark Duration',
  absent: 'there is no Good Request Count',
  compute: (run) => run.perSecond(run.total(goodRequestCount)),
});

export const goodRequestFraction = derived({
  tag: 'good_request_fraction',
  label: 'Good Request Fraction',
  csvLabel: 'GoodRequestFraction',
  unit: 'ratio',
  requires: ['objectives'],
  largerIsBetter: true,
  formula:
    'Good Request Count / (Completed Requests - Planned Cancellations): failed requests are not good, cancelled ones do not count',
  compute: (run: RunValues) => {
    const attempts = (run.total(completedRequestCount) ?? 0) - (run.total(plannedCancellationCount) ?? 0);
    return (run.total(goodRequestCount) ?? 0) / (attempts || 1);
  },
});

/** Requests that meet every objective of `--goodput`. */
export const goodputMetrics = [goodRequestCount, goodput, goodRequestFraction];
