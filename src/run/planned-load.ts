import type { LoadFigures } from '../collect/snapshot.js';
import type { PhasePlan } from '../load/plan.js';
import { ratePoints } from '../schedule/arrivals.js';
import type { FixedSchedule, StreamedSchedule } from '../schedule/fixed-schedule.js';
import { concurrencyAt, type RampedLimit } from '../schedule/ramp.js';
import { rateAt } from '../schedule/rate-series.js';

/** What a phase is planned to do at a time, ns since its start. */
export function plannedLoad(
  { issuing, durationNs }: Pick<PhasePlan, 'issuing' | 'durationNs'>,
  elapsedNs: number,
): Pick<LoadFigures, 'plannedPerSecond' | 'plannedInFlight' | 'due'> {
  const nothing = { plannedPerSecond: undefined, plannedInFlight: undefined, due: undefined };
  if (elapsedNs > durationNs) return nothing;
  switch (issuing.kind) {
    case 'closed-loop':
      return { ...nothing, plannedInFlight: limitAt(issuing.concurrency, elapsedNs) };
    case 'rate':
      return {
        ...nothing,
        plannedPerSecond: rateAt(ratePoints(issuing), elapsedNs),
        plannedInFlight: limitAt(issuing.ceiling, elapsedNs),
      };
    case 'user-centric':
      return {
        ...nothing,
        plannedPerSecond: issuing.ratePerSecond,
        plannedInFlight: limitAt(issuing.ceiling, elapsedNs),
      };
    case 'fixed-schedule':
      return {
        ...nothing,
        plannedInFlight: limitAt(issuing.ceiling, elapsedNs),
        due: dueBy(issuing.schedule, elapsedNs),
      };
  }
}

/** How many requests are due by a time; undefined for sessions of several turns, whose later ones follow responses. */
function dueBy(schedule: FixedSchedule | StreamedSchedule, elapsedNs: number): number | undefined {
  if ('window' in schedule || schedule.turns.length !== schedule.conversations.length) return undefined;
  const { dueNs } = schedule;
  let [low, high] = [0, dueNs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((dueNs[middle] ?? 0) <= elapsedNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function limitAt(limit: RampedLimit | undefined, elapsedNs: number): number | undefined {
  return limit && concurrencyAt(elapsedNs, limit.limit, limit.rampNs);
}
