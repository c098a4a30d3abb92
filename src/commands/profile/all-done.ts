import type { Summaries } from '../../collect/collector.js';
import { phaseEnd } from '../../schedule/stop.js';
import type { PlannedPhase } from './phases.js';

/**
 * Whether an interrupt came when everything had been sent and every response was read to its end: what was asked for
 * is there, though the load threads had not said so yet.
 * @param last phase that was played. @param afterNs when the interrupt came, ns after the start of that phase.
 */
export function isAllDone(
  { plan, counters, expectedRequests }: PlannedPhase,
  afterNs: number,
  { profiling, left }: Pick<Summaries, 'profiling' | 'left'>,
): boolean {
  const allSent = counters.issued === expectedRequests || afterNs >= phaseEnd(plan).issueUntilNs;
  return plan.name === 'profiling' && allSent && profiling.outcomes.dropped === 0 && left.profiling === 0;
}
