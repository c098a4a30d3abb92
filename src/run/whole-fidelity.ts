import { bySeriousness, worstVerdict } from '../fidelity/seriousness.js';
import { creditToStartLatency } from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import type { ClientFidelity } from './fidelity.js';

/** The verdict on the client of one shard. */
export interface ShardFidelity {
  readonly shard: number;
  readonly fidelity: ClientFidelity;
  /** Its last sign of life, if that is all it was judged by, ns since the clock's origin. */
  readonly untilNs?: number | undefined;
}

/**
 * The verdict on the clients of all shards: that of the worst, with the reasons of each; undefined without any.
 * @param results of the whole run.
 */
export function wholeFidelity(parts: readonly ShardFidelity[], results: Results): ClientFidelity | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const sum = (of: (fidelity: ClientFidelity) => number | undefined) => {
    const values = parts.flatMap(({ fidelity }) => of(fidelity) ?? []);
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value);
  };
  const delay = statsOf(results, creditToStartLatency);
  const utilizations = parts.flatMap(({ fidelity: { utilization } }) => utilization ?? []);
  const most = Math.max(...utilizations.map(({ share = 0 }) => share));
  return {
    verdict: worstVerdict(parts.map(({ fidelity }) => fidelity.verdict)),
    reasons: bySeriousness(
      parts.flatMap(({ shard, fidelity, untilNs }) => {
        const name = `shard ${shard}${untilNs === undefined ? '' : ' until its last sign of life'}`;
        return (fidelity.reasons ?? []).map((reason) => ({ ...reason, reason: `${name}: ${reason.reason}` }));
      }),
    ),
    clientLimitedCount: sum(({ clientLimitedCount }) => clientLimitedCount),
    sendDelay: delay && { unit: 'ms', p50: delay.p50, p99: delay.p99, max: delay.max },
    connections: {
      opened: sum(({ connections }) => connections?.opened),
      reused: sum(({ connections }) => connections?.reused),
      refused: sum(({ connections }) => connections?.refused),
      portStarved: sum(({ connections }) => connections?.portStarved),
    },
    load: {
      ...first.fidelity.load,
      requested: sum(({ load }) => load?.requested),
      achieved: sum(({ load }) => load?.achieved),
    },
    cpuThrottled: sum(({ cpuThrottled }) => cpuThrottled),
    cpuStolen: sum(({ cpuStolen }) => cpuStolen),
    utilization: utilizations.find(({ share = 0 }) => share === most),
    threads: parts.flatMap(({ shard, fidelity }) =>
      (fidelity.threads ?? []).map((thread) => ({ shard, ...thread })),
    ),
  };
}
