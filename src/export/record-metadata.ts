import { failureOf } from '../records/failure.js';
import { recordProcessorId } from '../records/processor-id.js';
import type { PhaseName, RecordError, RequestRecord } from '../records/record.js';
import { type ClockOrigin, wallNsText } from '../util/clock.js';

/** What all records of a phase share. */
export interface RecordContext {
  /** The clock origin that the records' times count from. */
  readonly origin: ClockOrigin;
  /** `record_processor_` and 8 hex digits. */
  readonly recordProcessorId: string;
  /** Number of the phase among all phases of the run, from 0. */
  readonly phaseIndex: number;
  /** Number of the shard that the records are of, unless they have one of their own; undefined: of none. */
  readonly shard?: number | undefined;
}

/** The contexts of one record thread. */
export function recordContexts({
  origin,
  hasWarmup,
  shard,
}: {
  readonly origin: ClockOrigin;
  readonly hasWarmup: boolean;
  readonly shard?: number | undefined;
}): Readonly<Record<PhaseName, RecordContext>> {
  const contextOf = (phaseIndex: number) => ({ origin, recordProcessorId, phaseIndex, shard });
  return { warmup: contextOf(0), profiling: contextOf(hasWarmup ? 1 : 0) };
}

/**
 * The `metadata` object of a record as JSON text. It is built by hand because epochs in ns pass 2^53 and must be
 * written as exact integers, and because this runs for every request.
 * @param finishReason written where it is given.
 */
export function metadataJson(record: RequestRecord, context: RecordContext, finishReason?: string): string {
  const { origin, recordProcessorId, phaseIndex } = context;
  const { phase, cancelledNs, correlationId } = record;
  const correlation = quoted(correlationId);
  const shard = record.shard ?? context.shard;
  const acknowledged = !Number.isNaN(record.ackNs) && cancelledNs === undefined;
  return (
    `{"session_num":${record.sessionNum},"x_request_id":${quoted(record.requestId)}` +
    `,"x_correlation_id":${correlation},"conversation_id":${quoted(record.conversationId)}` +
    `,"turn_index":${record.turnIndex}${record.isFinalTurn ? '' : ',"is_final_turn":false'},"credit_issued_ns":${wallNsText(origin, record.dueNs)}` +
    `,"request_start_ns":${wallNsText(origin, record.startNs)}` +
    (acknowledged ? `,"request_ack_ns":${wallNsText(origin, record.ackNs)}` : '') +
    `,"request_end_ns":${wallNsText(origin, record.endNs)},"worker_id":${quoted(record.workerId)}` +
    (shard === undefined ? '' : `,"shard":${shard}`) +
    `,"record_processor_id":"${recordProcessorId}","benchmark_phase":"${phase}","phase_index":${phaseIndex}` +
    (phase === 'profiling' ? ',"profiling_index":0' : '') +
    `,"phase_name":"${phase}","phase_kind":"${phase}","was_cancelled":${cancelledNs !== undefined}` +
    (cancelledNs === undefined ? '' : `,"cancellation_time_ns":${wallNsText(origin, cancelledNs)}`) +
    (record.clientLimited ? ',"client_limited":true' : '') +
    (finishReason === undefined ? '' : `,"finish_reason":${quoted(finishReason)}`) +
    `,"context_overflow_skip":false${agentMembers(record, correlation)}}`
  );
}

function agentMembers({ agent }: RequestRecord, correlation: string): string {
  if (agent === undefined) return `,"agent_depth":0,"root_correlation_id":${correlation}`;
  const { depth, parent, root, waitsFor } = agent;
  return (
    `,"agent_depth":${depth}` +
    (parent === undefined ? '' : `,"parent_correlation_id":${quoted(parent)}`) +
    `,"root_correlation_id":${quoted(root)}` +
    (waitsFor === undefined ? '' : `,"waits_for":${JSON.stringify(waitsFor)}`)
  );
}

/** The `error` member with its leading comma; empty for a valid record. */
export function errorMember(record: RequestRecord): string {
  const failure = failureOf(record);
  return failure === undefined ? '' : `,"error":${JSON.stringify(errorDetails(failure))}`;
}

/** An error as files show it; absent details are undefined. */
export function errorDetails({ code, type, message, cause, causeChain }: RecordError) {
  return { code, type, message, cause, cause_chain: causeChain };
}

const needsNoEscape = /^[\w.:-]*$/;

/** A string as JSON; ids mostly need no look at each of their characters. */
function quoted(text: string): string {
  return needsNoEscape.test(text) ? `"${text}"` : JSON.stringify(text);
}
