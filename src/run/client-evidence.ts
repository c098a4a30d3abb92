import type { ShardSends } from '../collect/shard-sends.js';
import { type SendStats, SendStatsCollector } from '../fidelity/send-stats.js';
import { type Evidence, judge, type RequestedLoad } from '../fidelity/verdict.js';
import { partOf } from '../load/parts.js';
import type { LoadPlan, PhasePlan } from '../load/plan.js';
import { evenShare, type SourceShare } from '../load/quota.js';
import type { ClientReport } from '../load/source.js';
import { creditToStartLatency } from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import { type ClientFidelity, recordedFidelity, recordedRequests } from './fidelity.js';
import { type ShardFidelity, wholeFidelity } from './whole-fidelity.js';

/** Evidence that the plan and the results hold. */
type RequestEvidence = 'sendDelayNs' | 'load' | 'mayQueue';

/** What the load threads and the machine told of a client. */
type SeenClient = Omit<Evidence, 'sends' | RequestEvidence>;

/** A phase whose client is judged. */
export interface JudgedPhase {
  readonly load: LoadPlan;
  readonly plan: PhasePlan;
  readonly results: Results;
  /** Undefined if they were lost with the record thread. */
  readonly sends: SendStats | undefined;
  readonly shardSends: ReadonlyMap<number, ShardSends> | undefined;
}

/** The verdict on the client of a run, and on that of each machine where several sent the load. */
export interface RunFidelity {
  /** Undefined without a report of a load thread. */
  readonly fidelity: ClientFidelity | undefined;
  /** Without those that were not judged; empty where one machine sent the load. */
  readonly shardFidelity: readonly ShardFidelity[];
}

/** Judges the machine that has sent a load, or its share of one. */
export function judgeClient(
  { plan, results, sends }: Pick<JudgedPhase, 'plan' | 'results' | 'sends'>,
  seen: SeenClient,
  share: SourceShare | undefined,
): ClientFidelity | undefined {
  // A phase that was ended before its start has no length.
  const threads = seen.threads.filter(({ startNs, endNs }) => endNs > startNs);
  // A shard without a part in the load has nothing to judge.
  if (threads.length === 0 || sends === undefined || plan.expectedRequests === 0) return undefined;
  return recordedFidelity(judge(evidenceOf(plan, results, { ...seen, threads, sends }, share)));
}

/**
 * Judges each machine by what it has observed of itself and by its records, as a run of its own; the whole is as good as
 * the worst of them. A machine without a part in the load is left out.
 */
export function judgeShards(phase: JudgedPhase, clients: readonly ClientReport[]): RunFidelity {
  const { load, plan, results, sends, shardSends } = phase;
  const shardFidelity = clients.flatMap(({ share, untilNs, sendDelayNs: _, ...seen }): ShardFidelity[] => {
    if (shardSends === undefined || partOf(load, plan, share)?.requestLimit === 0) return [];
    const own = shardSends.get(share.source) ?? noSends;
    const fidelity = judgeClient({ plan, ...own }, seen, share);
    return fidelity === undefined ? [] : [{ shard: share.source, fidelity, untilNs }];
  });
  const whole = wholeFidelity(shardFidelity, results);
  // What is known of all requests is not summed over the shards: one may not have been judged.
  const ofAll = sends && recordedRequests(evidenceOf(plan, results, { sends }));
  return { fidelity: whole && { ...whole, ...ofAll }, shardFidelity };
}

const noSends: ShardSends = { sends: new SendStatsCollector().stats, results: [] };

/** What was seen of the client, with what the plan and the results say of it. */
export function evidenceOf<Seen extends Partial<Omit<Evidence, RequestEvidence>>>(
  { issuing, prefill }: PhasePlan,
  results: Results,
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
