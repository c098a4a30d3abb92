import type { WireTimes } from '../transport/transport.js';
import type { RequestRecord } from './record.js';

/**
 * What a record's fields pass through, in their order: a writer puts each one into a batch and gives it back, a reader
 * gives what it finds there. So packing and unpacking are the same straight code; a loop over a table of fields takes
 * 1 µs a record longer, in the thread that stamps.
 */
export interface NumberCursor {
  number(value: number): number;
  /** Undefined travels as NaN. */
  optional(value: number | undefined): number | undefined;
  flag(value: boolean): boolean;
  /** A list with its length before it. */
  list(value: Float64Array): Float64Array;
}

/** The same for fields that travel as JSON. */
export interface JsonCursor {
  text(value: string): string;
  optional<Value>(value: Value | undefined): Value | undefined;
}

/** A record on its way through a cursor. */
export type OpenRecord = { -readonly [Field in keyof RequestRecord]: RequestRecord[Field] };

/** Every number of a record. What is changed here changes the spool: its version must, too. */
export function passNumbers(record: OpenRecord, cursor: NumberCursor): void {
  record.phase = cursor.flag(record.phase === 'profiling') ? 'profiling' : 'warmup';
  record.sessionNum = cursor.number(record.sessionNum);
  record.turnIndex = cursor.number(record.turnIndex);
  record.dueNs = cursor.number(record.dueNs);
  record.startNs = cursor.number(record.startNs);
  record.ackNs = cursor.number(record.ackNs);
  record.endNs = cursor.number(record.endNs);
  record.firstOutputNs = cursor.number(record.firstOutputNs);
  record.cancelledNs = cursor.optional(record.cancelledNs);
  record.dropped = cursor.flag(record.dropped);
  record.clientLimited = cursor.flag(record.clientLimited);
  record.inputTokens = cursor.optional(record.inputTokens);
  record.requestedOsl = cursor.optional(record.requestedOsl);
  passWire(record.wire, cursor);
  record.contentNs = cursor.list(record.contentNs);
}

function passWire(wire: WireTimes, cursor: NumberCursor): void {
  wire.reused = cursor.flag(wire.reused);
  wire.startNs = cursor.number(wire.startNs);
  wire.poolWaitStartNs = cursor.number(wire.poolWaitStartNs);
  wire.poolWaitEndNs = cursor.number(wire.poolWaitEndNs);
  wire.dnsStartNs = cursor.number(wire.dnsStartNs);
  wire.dnsEndNs = cursor.number(wire.dnsEndNs);
  wire.connectStartNs = cursor.number(wire.connectStartNs);
  wire.connectEndNs = cursor.number(wire.connectEndNs);
  wire.sendStartNs = cursor.number(wire.sendStartNs);
  wire.sendEndNs = cursor.number(wire.sendEndNs);
  wire.headNs = cursor.number(wire.headNs);
  wire.firstBodyNs = cursor.number(wire.firstBodyNs);
  wire.lastBodyNs = cursor.number(wire.lastBodyNs);
  wire.endNs = cursor.number(wire.endNs);
  wire.bytesSent = cursor.number(wire.bytesSent);
  wire.writes = cursor.number(wire.writes);
  wire.bytesReceived = cursor.number(wire.bytesReceived);
  wire.reads = cursor.number(wire.reads);
}

/** Everything else but the prompt and the worker's id, which a batch has once. */
export function passTexts(record: OpenRecord, cursor: JsonCursor): void {
  record.requestId = cursor.text(record.requestId);
  record.correlationId = cursor.text(record.correlationId);
  record.conversationId = cursor.text(record.conversationId);
  record.model = cursor.text(record.model);
  record.text = cursor.optional(record.text);
  record.reasoning = cursor.optional(record.reasoning);
  record.usage = cursor.optional(record.usage);
  record.error = cursor.optional(record.error);
  record.raw = cursor.optional(record.raw);
  record.trace = cursor.optional(record.trace);
  record.finishReason = cursor.optional(record.finishReason);
  record.unread = cursor.optional(record.unread);
}
