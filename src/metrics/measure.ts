import { failureOf } from '../records/failure.js';
import type { CountedRecord, RequestRecord } from '../records/record.js';
import { readUsage } from '../records/usage.js';
import type { Measured, Objective, RequestFacts, Thresholds } from './metric.js';
import type { SessionPlace } from './session-rows.js';

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

/** A request that is all of its session has no place in it. */
function placeOf({
  correlationId,
  agent,
  turnIndex: turn,
  isFinalTurn: isLast,
  requestId,
}: RequestRecord): SessionPlace | undefined {
  if (turn === 0 && isLast && agent === undefined) return undefined;
  const session = agent?.root ?? correlationId;
  return {
    ...{ session, agent: correlationId, turn, isLast },
    requestId: agent && requestId,
    waitsFor: agent?.waitsFor ?? [],
  };
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
    place: placeOf(record),
    shard: record.shard,
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
