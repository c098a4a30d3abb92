import { failureOf } from '../records/failure.js';
import type { CountedRecord, RecordError, RequestRecord, TokenCounts } from '../records/record.js';
import { readUsage, type Usage } from '../records/usage.js';
import type { ListMetric, RecordMetric, Thresholds } from './metric.js';
import type { Objective } from './objective.js';

/**
 * What is known of a request while it is measured and again when its record is read back from a file. Times are ns
 * since the run's clock origin; NaN for what is not known.
 */
export interface RequestFacts {
  readonly dueNs: number;
  readonly startNs: number;
  readonly endNs: number;
  /** Why the request failed; undefined for a valid one. */
  readonly failure: RecordError | undefined;
  /** It was given up by us. */
  readonly cancelled: boolean;
  /** … and that only because the run ended. */
  readonly dropped: boolean;
  /** Why the server ended the answer, in its own word; undefined where that is not known. */
  readonly finishReason: string | undefined;
  readonly thresholds: Thresholds;
  /** What makes a request a good one. */
  readonly objectives: readonly Objective[];
  /** Another metric of this request, in the metric's own unit; undefined where it has none. */
  value(metric: RecordMetric): number | undefined;
  list(metric: ListMetric): Float64Array | undefined;
}

/**
 * Whether a request was given up because it was chosen to be cancelled (`--request-cancellation-rate`): neither a
 * success nor a failure. One that was dropped because the run ended is a failure.
 */
export function cancelledOnPurpose({
  failure,
  cancelled,
  dropped,
}: Pick<RequestFacts, 'failure' | 'cancelled' | 'dropped'>): boolean {
  return failure !== undefined && cancelled && !dropped;
}

/** A record with what several formulas start from. Times are NaN where the record has no content. */
export interface Measured extends RequestFacts {
  readonly record: RequestRecord;
  readonly tokens: TokenCounts;
  readonly usage: Usage | undefined;
  /** Start to first content chunk. */
  readonly ttftNs: number;
  /** Start to last content chunk. */
  readonly latencyNs: number;
  readonly isl: number | undefined;
  /** Reasoning included. */
  readonly osl: number | undefined;
}

export function measure(
  { record, tokens }: CountedRecord,
  thresholds: Thresholds,
  objectives: readonly Objective[],
): Measured {
  const { contentNs, startNs } = record;
  return {
    record,
    tokens,
    usage: record.usage === undefined ? undefined : readUsage(record.usage),
    dueNs: record.dueNs,
    startNs,
    endNs: record.endNs,
    failure: failureOf(record),
    cancelled: record.cancelledNs !== undefined,
    dropped: record.dropped ?? false,
    finishReason: record.finishReason,
    ttftNs: (contentNs[0] ?? Number.NaN) - startNs,
    latencyNs: (contentNs[contentNs.length - 1] ?? Number.NaN) - startNs,
    isl: tokens.input,
    osl:
      tokens.output === undefined && tokens.reasoning === undefined
        ? undefined
        : (tokens.output ?? 0) + (tokens.reasoning ?? 0),
    thresholds,
    objectives,
    value(metric) {
      const value = metric.compute(this);
      // Times that did not happen are NaN, and so is every difference with one.
      return Number.isNaN(value) ? undefined : value;
    },
    list(metric) {
      return metric.compute(this);
    },
  };
}
