import type { WireTimes } from '../transport/transport.js';
import type { RequestRecord } from './record.js';

/**
 * Passes the fields of a record in order: a writer appends each value to a batch and returns it, a reader returns the
 * stored value. Packing and unpacking are thus the same code without a loop: a loop over a table of fields takes 1 µs per
 * record longer, in the thread that takes timestamps.
 */
export interface NumberCursor {
  number(value: number): number;
  /** Undefined is stored as NaN. */
  optional(value: number | undefined): number | undefined;
  flag(value: boolean): boolean;
  /** A list, stored after its length. */
  list(value: Float64Array): Float64Array;
}

/** The same for fields that are stored as JSON. */
export interface JsonCursor {
  text(value: string): string;
  optional<Value>(value: Value | undefined): Value | undefined;
}

/** A record that a cursor may change. */
export type OpenRecord = { -readonly [Field in keyof RequestRecord]: RequestRecord[Field] };

/** Passes all numbers of a record. Changes here change the spool format: raise `SPOOL_VERSION`. */
export function passNumbers(record: OpenRecord, cursor: NumberCursor): void {
  record.phase = cursor.flag(record.phase === 'profiling') ? 'profiling' : 'warmup';
  record.sessionNum = cursor.number(record.sessionNum);
  record.turnIndex = cursor.number(record.turnIndex);
  record.isFinalTurn = cursor.flag(record.isFinalTurn);
  record.dueNs = cursor.number(record.dueNs);
  record.startNs = cursor.number(record.startNs);
  record.ackNs = cursor.number(record.ackNs);
  record.endNs = cursor.number(record.endNs);
  record.firstOutputNs = cursor.number(record.firstOutputNs);
  record.cancelledNs = cursor.optional(record.cancelledNs);
  record.dropped = cursor.flag(record.dropped);
  record.clientLimited = cursor.flag(record.clientLimited);
  record.inputTokens = cursor.optional(record.inputTokens);
  record.firstChunkTokens = cursor.optional(record.firstChunkTokens);
  record.batchSize = cursor.optional(record.batchSize);
  record.images = cursor.number(record.images);
  record.audioSeconds = cursor.optional(record.audioSeconds);
  record.answerAudioSeconds = cursor.optional(record.answerAudioSeconds);
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

/** Passes the other fields, except the prompt and the worker id, which a batch stores once. */
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
  record.agent = cursor.optional(record.agent);
}

/** Appends the numbers of records. */
export class NumberWriter implements NumberCursor {
  length = 0;
  #numbers: Float64Array<ArrayBuffer>;

  /** @param memory for the numbers, which replaces what is in it. */
  constructor(memory: Float64Array<ArrayBuffer> = new Float64Array(0)) {
    this.#numbers = memory;
  }

  get written(): Float64Array<ArrayBuffer> {
    return this.#numbers.subarray(0, this.length);
  }

  /** Makes room for `more` numbers. @param first initial capacity. */
  reserve(more: number, first: number): void {
    const length = this.length + more;
    if (length <= this.#numbers.length) return;
    const grown = new Float64Array(Math.max(first, 2 * this.#numbers.length, length));
    grown.set(this.written);
    this.#numbers = grown;
  }

  /** Removes all numbers. @param maxKept bytes of memory above which the memory is released. */
  clear(maxKept: number): void {
    if (this.#numbers.byteLength > maxKept) this.#numbers = new Float64Array(0);
    this.length = 0;
  }

  number(value: number): number {
    this.#numbers[this.length++] = value;
    return value;
  }

  optional(value: number | undefined): number | undefined {
    this.#numbers[this.length++] = value ?? Number.NaN;
    return value;
  }

  flag(value: boolean): boolean {
    this.#numbers[this.length++] = value ? 1 : 0;
    return value;
  }

  list(values: Float64Array): Float64Array {
    this.number(values.length);
    this.#numbers.set(values, this.length);
    this.length += values.length;
    return values;
  }
}

export class NumberReader implements NumberCursor {
  readonly #numbers: Float64Array;
  #at = 0;

  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  number(): number {
    return this.#numbers[this.#at++] ?? Number.NaN;
  }

  optional(): number | undefined {
    const value = this.number();
    return Number.isNaN(value) ? undefined : value;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  list(): Float64Array {
    const length = this.number();
    this.#at += length;
    return this.#numbers.subarray(this.#at - length, this.#at);
  }
}

/** Collects the texts of one record at a time; reused for the next record, which has the same number. */
export class JsonWriter implements JsonCursor {
  readonly #values: unknown[] = [];
  #at = 0;

  /** Returns the texts as a JSON array, and starts the next record. */
  take(): string {
    this.#at = 0;
    return JSON.stringify(this.#values);
  }

  text(value: string): string {
    this.#values[this.#at++] = value;
    return value;
  }

  optional<Value>(value: Value | undefined): Value | undefined {
    this.#values[this.#at++] = value ?? null;
    return value;
  }
}

export class JsonReader implements JsonCursor {
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  text(): string {
    return this.#values[this.#at++] as string;
  }

  optional<Value>(): Value | undefined {
    return (this.#values[this.#at++] ?? undefined) as Value | undefined;
  }
}

/** Number of numbers that `pass` writes. */
export function countNumbers(pass: (cursor: NumberCursor) => void): number {
  const writer = new NumberWriter();
  writer.reserve(1000, 0);
  pass(writer);
  return writer.length;
}
