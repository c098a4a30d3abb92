import type { Summaries } from '../collect/collector.js';
import type { LoadPlan, PhasePlan } from '../load/plan.js';
import type { LoadSource } from '../load/source.js';
import type { RunSummary } from '../metrics/metric-store.js';
import type { NotableRequests } from '../metrics/notable.js';
import type { RequestTable } from '../metrics/request-table.js';
import type { PhaseCounts } from '../records/spool.js';
import { phaseEnd } from '../schedule/stop.js';
import type { ThreadDeath } from '../util/thread-death.js';
import type { RunFidelity } from './client-evidence.js';

/** Outcome of a live run. */
export interface RunOutcome extends RunFidelity {
  readonly summary: RunSummary;
  /** Of the warm-up; undefined without one. */
  readonly warmup: RunSummary | undefined;
  /** Start of the warm-up, ns since the clock's origin; undefined without one. */
  readonly warmupStartNs: number | undefined;
  /** Start of the profiling phase, ns since the clock's origin. */
  readonly startNs: number;
  /** Number of the first session of that phase; earlier sessions belong to the warm-up. */
  readonly firstSession: number;
  /** Requests that were sent. */
  readonly issued: PhaseCounts;
  /** The user ended the load early. */
  readonly interrupted: boolean;
  /** Finished records that are only in the spool, in no file and no result. */
  readonly left: PhaseCounts;
  /** Whether the spool contains all records that are not in a file. */
  readonly isSpoolWhole: boolean;
  /** Requests that were sent and have no record, because a thread died. */
  readonly unrecorded: number;
  /** More requests failed than `--failed-request-threshold` allows, which ended the run. */
  readonly failedTooOften: boolean;
  /** Where the run stalled, if it was ended for that reason. */
  readonly stalled: string | undefined;
  /** Set if a thread of the run died: which one, and why. */
  readonly failure: ThreadDeath | undefined;
  /** Errors while writing files. */
  readonly fileErrors: readonly string[];
  /** Profiling requests, and notable ones among them, if the plan hands them over. */
  readonly requests: RequestTable | undefined;
  readonly notable: NotableRequests | undefined;
}

/** Why `failedTooOften` ended a run. */
export const failedTooOftenText = 'more requests failed than --failed-request-threshold allows';

/**
 * Whether all requests were sent and all responses complete when the interrupt came: the run is then complete, although
 * the load threads had not reported it yet.
 * @param last phase. @param issued its requests. @param afterNs time of the interrupt, ns after the start of that phase.
 */
export function isAllDone(
  last: PhasePlan,
  issued: number,
  afterNs: number,
  { profiling, left }: Pick<Summaries, 'profiling' | 'left'>,
): boolean {
  const allSent = issued === last.expectedRequests || afterNs >= phaseEnd(last).issueUntilNs;
  return last.name === 'profiling' && allSent && profiling.outcomes.dropped === 0 && left.profiling === 0;
}

/** Number of requests that were sent and have no record. */
export function unrecordedOf(
  issued: PhaseCounts,
  { profiling, warmup, left }: Pick<Summaries, 'profiling' | 'warmup' | 'left'>,
): number {
  const missing = (name: keyof PhaseCounts, summary: RunSummary | undefined) =>
    summary === undefined ? 0 : issued[name] - summary.validCount - summary.failedCount - left[name];
  return missing('warmup', warmup) + missing('profiling', profiling);
}

/** How many requests a source has sent, by the name of their phases. */
export function issuedOf({ phases }: Pick<LoadPlan, 'phases'>, source: LoadSource): PhaseCounts {
  const issued = { warmup: 0, profiling: 0 };
  for (const [index, { name }] of phases.entries()) issued[name] += source.progressOf(index).issued;
  return issued;
}
