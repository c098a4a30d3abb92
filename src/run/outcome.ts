import type { Summaries } from '../collect/collector.js';
import { type Evidence, type Fidelity, judge, type RequestedLoad } from '../fidelity/verdict.js';
import type { PhasePlan } from '../load/plan.js';
import type { RunSummary } from '../metrics/compute.js';
import type { NotableRequests } from '../metrics/notable.js';
import { creditToStartLatency } from '../metrics/request-metrics.js';
import type { RequestTable } from '../metrics/request-table.js';
import { statsOf } from '../metrics/results.js';
import type { PhaseCounts } from '../records/spool.js';
import { phaseEnd } from '../schedule/stop.js';
import type { ThreadDeath } from '../util/thread-death.js';

/** What a run came to. */
export interface RunOutcome {
  readonly summary: RunSummary;
  /** Of the warm-up phase, where there was one. */
  readonly warmup: RunSummary | undefined;
  /** Start of the warm-up, ns since the clock's origin; undefined without one. */
  readonly warmupStartNs: number | undefined;
  /** The same of the profiling phase. */
  readonly startNs: number;
  /** Number of that phase's first session: those before it were the warm-up's. */
  readonly firstSession: number;
  /** Requests that were sent. */
  readonly issued: PhaseCounts;
  /** The user ended the load early. */
  readonly interrupted: boolean;
  /** Finished records that are in no file and no figure; the spool keeps them. */
  readonly left: PhaseCounts;
  /** All records that are in no file are in the spool. */
  readonly isSpoolWhole: boolean;
  /** Requests that were sent and have no record: a thread died around them. */
  readonly unrecorded: number;
  /** Where it was stuck, for a run that was ended because nothing moved any more. */
  readonly stalled: string | undefined;
  /** A thread of the run died: which one, and why. */
  readonly failure: ThreadDeath | undefined;
  /** What went wrong while writing files. */
  readonly fileErrors: readonly string[];
  /** Undefined where no load thread lived to tell. */
  readonly fidelity: Fidelity | undefined;
  /** Requests of profiling, and those worth a look, where the plan asks for them. */
  readonly requests: RequestTable | undefined;
  readonly notable: NotableRequests | undefined;
}

/**
 * Whether an interrupt came when everything had been sent and every response was read to its end: what was asked for
 * is there, though the load threads had not said so yet.
 * @param last phase that was played. @param issued requests of it. @param afterNs when the interrupt came, ns after the
 * start of that phase.
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

/** Requests that were sent and have no record. */
export function unrecordedOf(
  issued: PhaseCounts,
  { profiling, warmup, left }: Pick<Summaries, 'profiling' | 'warmup' | 'left'>,
): number {
  const missing = (name: keyof PhaseCounts, summary: RunSummary | undefined) =>
    summary === undefined ? 0 : issued[name] - summary.validCount - summary.failedCount - left[name];
  return missing('warmup', warmup) + missing('profiling', profiling);
}

/** Whether the client was the limit; undefined where nothing is known of its threads or of what they sent. */
export function fidelityOf(
  plan: PhasePlan,
  summary: RunSummary,
  sends: Evidence['sends'] | undefined,
  seen: Pick<Evidence, 'threads' | 'throttled' | 'movedNs'>,
): Fidelity | undefined {
  if (seen.threads.length === 0 || sends === undefined) return undefined;
  return judge(evidenceOf(plan, summary, { ...seen, sends }));
}

/** What the client is judged by, at the end of profiling. */
export function evidenceOf(
  { issuing, prefill }: PhasePlan,
  { results }: RunSummary,
  seen: Pick<Evidence, 'threads' | 'sends' | 'throttled' | 'movedNs'>,
): Evidence {
  const delay = statsOf(results, creditToStartLatency);
  const ns = (ms = 0) => ms * 1e6;
  return {
    ...seen,
    sendDelayNs: delay && { p50: ns(delay.p50), p99: ns(delay.p99), max: ns(delay.max) },
    load: requestedLoad(issuing),
    mayQueue: prefill !== undefined || ('ceiling' in issuing && issuing.ceiling !== undefined),
  };
}

function requestedLoad(issuing: PhasePlan['issuing']): RequestedLoad {
  switch (issuing.kind) {
    case 'closed-loop':
      return { kind: 'concurrency', requested: issuing.concurrency.limit };
    case 'fixed-schedule':
      return { kind: 'schedule', requested: undefined };
    default:
      return { kind: 'rate', requested: issuing.ratePerSecond };
  }
}
