import type { Summaries } from '../collect/collector.js';
import {
  type Evidence,
  type Fidelity,
  type JudgedEvidence,
  judge,
  type RequestedLoad,
} from '../fidelity/verdict.js';
import type { LoadPlan, PhasePlan } from '../load/plan.js';
import { evenShare, type SourceShare } from '../load/quota.js';
import type { LoadSource } from '../load/source.js';
import type { RunSummary } from '../metrics/metric-store.js';
import type { NotableRequests } from '../metrics/notable.js';
import { creditToStartLatency } from '../metrics/request-metrics.js';
import type { RequestTable } from '../metrics/request-table.js';
import { statsOf } from '../metrics/results.js';
import type { PhaseCounts } from '../records/spool.js';
import { phaseEnd } from '../schedule/stop.js';
import type { ThreadDeath } from '../util/thread-death.js';

/** Outcome of a live run. */
export interface RunOutcome {
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
  /** Undefined without a report of a load thread. */
  readonly fidelity: Fidelity | undefined;
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

/** Evidence that the plan and the results hold. */
type RequestEvidence = 'sendDelayNs' | 'load' | 'mayQueue';

/** How many requests a source has sent, by the name of their phases. */
export function issuedOf({ phases }: Pick<LoadPlan, 'phases'>, source: LoadSource): PhaseCounts {
  const issued = { warmup: 0, profiling: 0 };
  for (const [index, { name }] of phases.entries()) issued[name] += source.progressOf(index).issued;
  return issued;
}

/** Whether the client was the limit; undefined without reports of its threads or send statistics. */
export function fidelityOf(
  plan: PhasePlan,
  summary: RunSummary,
  sends: Evidence['sends'] | undefined,
  seen: Omit<Evidence, 'sends' | RequestEvidence>,
  share?: SourceShare,
): Fidelity | undefined {
  // A shard without a part in the load has nothing to judge.
  if (seen.threads.length === 0 || sends === undefined || plan.expectedRequests === 0) return undefined;
  return judge(evidenceOf(plan, summary, { ...seen, sends }, share));
}

/** What was seen of the client, with what the plan and the results say of it. */
export function evidenceOf<Seen extends Omit<JudgedEvidence, RequestEvidence>>(
  { issuing, prefill }: PhasePlan,
  { results }: Pick<RunSummary, 'results'>,
  seen: Seen,
  share: SourceShare = { source: 0, sources: 1 },
): Seen & Pick<Evidence, RequestEvidence> {
  const delay = statsOf(results, creditToStartLatency);
  const ns = (ms = 0) => ms * 1e6;
  return {
    ...seen,
    sendDelayNs: delay && { p50: ns(delay.p50), p99: ns(delay.p99), max: ns(delay.max) },
    load: requestedLoad(issuing, share),
    mayQueue: prefill !== undefined || ('ceiling' in issuing && issuing.ceiling !== undefined),
  };
}

function requestedLoad(issuing: PhasePlan['issuing'], { source, sources }: SourceShare): RequestedLoad {
  switch (issuing.kind) {
    case 'closed-loop':
      return { kind: 'concurrency', requested: evenShare(issuing.concurrency.limit, sources, source) };
    case 'fixed-schedule':
      return { kind: 'schedule', requested: undefined };
    default:
      return 'series' in issuing && issuing.series !== undefined
        ? { kind: 'schedule', requested: undefined }
        : { kind: 'rate', requested: issuing.ratePerSecond / sources };
  }
}
