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

/** Puts a record's numbers behind those of the records before it. */
export class NumberWriter implements NumberCursor {
  length = 0;
  #numbers = new Float64Array(0);

  get written(): Float64Array<ArrayBuffer> {
    return this.#numbers.subarray(0, this.length);
  }

  /** Makes room. @param first numbers that the first room has. */
  reserve(more: number, first: number): void {
    const length = this.length + more;
    if (length <= this.#numbers.length) return;
    const grown = new Float64Array(Math.max(first, 2 * this.#numbers.length, length));
    grown.set(this.written);
    this.#numbers = grown;
  }

  /** Forgets what was written. @param mostKept bytes of memory that are kept for what comes next. */
  clear(mostKept: number): void {
    if (this.#numbers.byteLength > mostKept) this.#numbers = new Float64Array(0);
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

/** Collects a record's texts; used again for the next one, which has as many. */
export class JsonWriter implements JsonCursor {
  readonly #values: unknown[] = [];
  #at = 0;

  /** What was written, as a JSON array; the next text is the first one again. */
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

/** How many numbers `pass` writes. */
export function countNumbers(pass: (cursor: NumberCursor) => void): number {
  const writer = new NumberWriter();
  writer.reserve(1000, 0);
  pass(writer);
  return writer.length;
}
