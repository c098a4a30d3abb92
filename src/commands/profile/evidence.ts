import type { AskedLoad, Evidence } from '../../fidelity/verdict.js';
import type { PhasePlan } from '../../load/plan.js';
import type { RunSummary } from '../../metrics/compute.js';
import { creditToStartLatency } from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import type { PlannedPhase } from './phases.js';

/** What there is to judge the client by, at the end of profiling. */
export function evidenceOf(
  { plan, counters }: PlannedPhase,
  { results }: RunSummary,
  seen: Pick<Evidence, 'threads' | 'sends' | 'throttled'>,
): Evidence {
  const delay = statsOf(results, creditToStartLatency);
  const ns = (ms = 0) => ms * 1e6;
  return {
    ...seen,
    sendDelayNs: delay && { p50: ns(delay.p50), p99: ns(delay.p99), max: ns(delay.max) },
    load: askedLoad(plan),
    mayQueue: plan.prefill !== undefined || ('ceiling' in plan.issuing && plan.issuing.ceiling !== undefined),
    movedNs: counters.movedNs,
  };
}

function askedLoad({ issuing }: PhasePlan): AskedLoad {
  switch (issuing.kind) {
    case 'closed-loop':
      return { kind: 'concurrency', asked: issuing.concurrency.limit };
    case 'fixed-schedule':
      return { kind: 'schedule', asked: undefined };
    default:
      return { kind: 'rate', asked: issuing.ratePerSecond };
  }
}
