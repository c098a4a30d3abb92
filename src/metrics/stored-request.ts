import type { PhaseName, RecordError } from '../records/record.js';
import type { ClockOrigin } from '../util/clock.js';
import type { Json } from '../util/json.js';
import type { Objective, RequestFacts, Thresholds } from './metric.js';
import type { SessionPlace } from './session-rows.js';

/** A line of the per-record file; wall-clock times, ns since 1970. */
export interface StoredRequest {
  readonly startNs: bigint;
  /** Undefined where the line has no such time. */
  readonly dueNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly error: RecordError | undefined;
  readonly cancelled: boolean;
  readonly dropped: boolean;
  /** Why the server ended the answer; absent where the file does not have it. */
  readonly finishReason?: string | undefined;
  /** Absent where the file does not have it. */
  readonly place?: SessionPlace | undefined;
  /** Absent where the file does not have it. */
  readonly shard?: number | undefined;
  /** By tag, in display units. */
  readonly values: ReadonlyMap<string, number | Float64Array>;
}

/** A metric of a stored record, with its unit. */
export type StoredMetric = readonly [tag: string, value: number | Float64Array, unit: string];

/** A line of the per-record file. */
export interface StoredRecord extends StoredRequest {
  /** Its line, from 1. */
  readonly line: number;
  readonly phase: PhaseName;
  /** As in the file; members that are `null` there are left out, and those ending in `_ns` are exact. */
  readonly metadata: Readonly<Record<string, Json | bigint>>;
  /** Every metric of the line, also those that no table of ours knows. */
  readonly metrics: readonly StoredMetric[];
}

/**
 * The facts that metrics are computed from, read back from a file: exact where they are whole
 * nanoseconds or bytes.
 */
export function storedFacts(
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
    finishReason: stored.finishReason,
    place: stored.place,
    shard: stored.shard,
    thresholds,
    objectives,
    value: ({ tag, factor }) => {
      const value = values.get(tag);
      return typeof value === 'number' ? fromDisplayUnit(value, factor) : undefined;
    },
    list: ({ tag, factor }) => {
      const value = values.get(tag);
      return typeof value === 'object' ? value.map((one) => fromDisplayUnit(one, factor)) : undefined;
    },
  };
}

/** A value as it was before its multiplication by `factor`: the whole number within rounding errors, if there is one. */
function fromDisplayUnit(value: number, factor: number): number {
  if (factor === 1) return value;
  const own = value / factor;
  const whole = Math.round(own);
  return Math.abs(own - whole) <= Math.abs(own) * 4 * Number.EPSILON ? whole : own;
}
