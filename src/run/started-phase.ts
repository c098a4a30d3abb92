import type { ThreadReport } from '../fidelity/thread-report.js';
import type { PhasePlan } from '../load/plan.js';
import type { FixedSchedule, StreamedSchedule } from '../schedule/fixed-schedule.js';
import type { WithheldCpu } from './withheld-cpu.js';

/** A phase that was started. */
export interface StartedPhase {
  readonly index: number;
  readonly plan: PhasePlan;
  readonly startNs: number;
  /** Number of its first session among all sessions of the run. */
  readonly firstSession: number;
  /** Reports of the load threads; empty if the phase did not end normally. */
  readonly reports: readonly ThreadReport[];
  readonly withheld: WithheldCpu;
}

/** Time in which load threads make the first bodies, so that a burst at the start is sent without delay. */
export function preparationNs({ concurrency = 0, issuing }: PhasePlan): number {
  if (issuing.kind !== 'fixed-schedule') return 10e6 + 0.4e6 * Math.min(250, concurrency);
  // Prompts of a trace are long.
  const burst = burstOf(issuing.schedule);
  return 10e6 + 2e6 * Math.min(50, burst);
}

/** Sessions that are due at the start; of a streamed schedule, any number may be. */
function burstOf(schedule: FixedSchedule | StreamedSchedule): number {
  if ('window' in schedule) return Number.POSITIVE_INFINITY;
  const laterThanStart = schedule.dueNs.findIndex((dueNs) => dueNs > 10e6);
  return laterThanStart === -1 ? schedule.dueNs.length : laterThanStart;
}
