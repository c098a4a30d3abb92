import type { RecordError } from '../records/record.js';
import type { ClockOrigin } from '../util/clock.js';
import type { RequestFacts } from './measure.js';
import type { Thresholds } from './metric.js';
import type { Objective } from './objective.js';

/** A request as its line in the per-record file tells it; wall-clock times, ns since 1970. */
export interface StoredRequest {
  readonly startNs: bigint;
  /** Undefined where the line does not say. */
  readonly dueNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly error: RecordError | undefined;
  readonly cancelled: boolean;
  readonly dropped: boolean;
  /** By tag, in display units. */
  readonly values: ReadonlyMap<string, number | Float64Array>;
}

/**
 * The facts that metrics of the run start from, had back from a file. Display units are undone by the division that
 * belongs to the multiplication which made them: values agree with the measured ones to their last digits.
 */
export function recall(
  stored: StoredRequest,
  thresholds: Thresholds,
  objectives: readonly Objective[],
  origin: ClockOrigin,
): RequestFacts {
  const since = (epochNs: bigint | undefined) =>
    epochNs === undefined ? Number.NaN : Number(epochNs - origin.epochNs);
  const { values } = stored;
  return {
    dueNs: since(stored.dueNs),
    startNs: since(stored.startNs),
    endNs: since(stored.endNs),
    failure: stored.error,
    cancelled: stored.cancelled,
    dropped: stored.dropped,
    thresholds,
    objectives,
    value: ({ tag, factor }) => {
      const value = values.get(tag);
      return typeof value === 'number' ? value / factor : undefined;
    },
    list: ({ tag, factor }) => {
      const value = values.get(tag);
      return typeof value === 'object' ? value.map((one) => one / factor) : undefined;
    },
  };
}
