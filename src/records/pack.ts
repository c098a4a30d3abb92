import { WireTimes } from '../transport/transport.js';
import { messageOf } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { holdsSecret } from '../util/secrets.js';
import {
  type HttpTrace,
  type PhaseName,
  type RawExchange,
  type RecordError,
  type RequestRecord,
  withoutResponse,
} from './record.js';
import { safeRecord } from './safe-record.js';

/**
 * Finished records on their way to another thread: numbers and strings in one transferable buffer each. A record of
 * 500 chunks costs about 10 µs this way, half of what cloning objects costs.
 */
export interface RecordBatch {
  readonly workerId: string;
  /** Made up, to get threads going: they count for nothing. */
  readonly isPrewarm: boolean;
  readonly records: number;
  /** Of them, those of warm-up. */
  readonly warmups: number;
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The strings of each record as JSON in UTF-8, one behind the other; their lengths stand among the numbers. */
  readonly strings: Uint8Array<ArrayBuffer>;
}

/** What a load thread posts when it has played its prewarm and posted the records of that. */
export const PREWARMED = 'prewarmed';

/** The strings of one record, in the order in which they are packed. */
type PackedStrings = [
  requestId: string,
  correlationId: string,
  conversationId: string,
  model: string,
  text: string | null,
  reasoning: string | null,
  usage: JsonObject | null,
  error: RecordError | null,
  raw: RawExchange | null,
  trace: HttpTrace | null,
  finishReason: string | null,
  unread: Readonly<Record<string, number>> | null,
  inputText: string | null,
];

const phases: readonly PhaseName[] = ['warmup', 'profiling'];

// A line of a file may be some times as long; a JavaScript string has at most 2^29 characters.
const MOST_CHARACTERS = 2 ** 27;

const FEWEST_NUMBERS = 4096;
const FEWEST_BYTES = 32_768;
const MOST_KEPT_BYTES = 16_000_000;
/** Numbers of a record besides its chunks'. */
const FIXED_NUMBERS = 16 + 17;

/**
 * Packs records of one load thread as they come, so that none of their objects is left for the garbage collector to
 * carry about. Undefined numbers travel as NaN.
 */
export class RecordPacker {
  readonly #workerId: string;
  readonly #isPrewarm: boolean;
  #numbers = new Float64Array(0);
  #strings: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(0);
  #numbersLength = 0;
  #stringsLength = 0;
  #records = 0;
  #warmups = 0;
  /** Room that the next batch is given at first. */
  #nextNumbers = FEWEST_NUMBERS;
  #nextBytes = FEWEST_BYTES;

  /** @param isPrewarm the records are made up. */
  constructor(workerId: string, isPrewarm = false) {
    this.#workerId = workerId;
    this.#isPrewarm = isPrewarm;
  }

  /** Records that were not taken yet. */
  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return 8 * this.#numbersLength + this.#stringsLength;
  }

  /** Adds a record; one whose strings are too much for a line of a file is added as failed, without its response. */
  add(finished: RequestRecord): void {
    let record = finished;
    let json: string;
    try {
      json = stringsOf(record);
      if (json.length > MOST_CHARACTERS) throw new Error(`it has more than ${MOST_CHARACTERS} characters`);
    } catch (thrown) {
      record = withoutResponse(record, messageOf(thrown));
      json = stringsOf(record);
    }
    const stringBytes = this.#addStrings(json);
    const { contentNs } = record;
    const numbers = this.#withRoom(FIXED_NUMBERS + contentNs.length);
    let at = this.#numbersLength;
    numbers[at++] = stringBytes;
    const isWarmup = record.phase === 'warmup';
    if (isWarmup) this.#warmups++;
    numbers[at++] = isWarmup ? 0 : 1;
    numbers[at++] = record.sessionNum;
    numbers[at++] = record.turnIndex;
    numbers[at++] = record.dueNs;
    numbers[at++] = record.startNs;
    numbers[at++] = record.ackNs;
    numbers[at++] = record.endNs;
    numbers[at++] = record.firstOutputNs;
    numbers[at++] = record.cancelledNs ?? Number.NaN;
    numbers[at++] = record.dropped ? 1 : 0;
    numbers[at++] = record.clientLimited ? 1 : 0;
    numbers[at++] = record.inputTokens ?? Number.NaN;
    numbers[at++] = record.requestedOsl ?? Number.NaN;
    numbers[at++] = record.wire.reused ? 1 : 0;
    at = packWire(record.wire, numbers, at);
    numbers[at++] = contentNs.length;
    numbers.set(contentNs, at);
    this.#numbersLength = at + contentNs.length;
    this.#records++;
  }

  /** All that was added since the last take, in the packer's own memory: good until the next call of any kind. */
  get batch(): RecordBatch {
    return {
      workerId: this.#workerId,
      isPrewarm: this.#isPrewarm,
      records: this.#records,
      warmups: this.#warmups,
      numbers: this.#numbers.subarray(0, this.#numbersLength),
      strings: this.#strings.subarray(0, this.#stringsLength),
    };
  }

  /** Forgets what was added, and keeps its memory for what comes next, unless that is much. */
  clear(): void {
    if (this.#strings.length > MOST_KEPT_BYTES) this.#strings = Buffer.allocUnsafeSlow(0);
    if (this.#numbers.byteLength > MOST_KEPT_BYTES) this.#numbers = new Float64Array(0);
    this.#numbersLength = 0;
    this.#stringsLength = 0;
    this.#records = 0;
    this.#warmups = 0;
  }

  /** The batch, which is forgotten; its buffers are the taker's. */
  take(): RecordBatch {
    const { batch } = this;
    // The next batch will be about as large; its first record makes room for it.
    this.#nextNumbers = Math.max(FEWEST_NUMBERS, this.#numbersLength);
    this.#nextBytes = Math.max(FEWEST_BYTES, this.#stringsLength);
    this.#numbers = new Float64Array(0);
    this.#strings = Buffer.allocUnsafeSlow(0);
    this.clear();
    return batch;
  }

  #withRoom(more: number): Float64Array {
    const length = this.#numbersLength + more;
    if (length > this.#numbers.length) {
      const grown = new Float64Array(Math.max(this.#nextNumbers, 2 * this.#numbers.length, length));
      grown.set(this.#numbers.subarray(0, this.#numbersLength));
      this.#numbers = grown;
    }
    return this.#numbers;
  }

  /** @returns bytes of the record's strings. */
  #addStrings(json: string): number {
    const start = this.#stringsLength;
    // A UTF-16 unit is at most three bytes.
    if (start + 3 * json.length > this.#strings.length) {
      const length = start + Buffer.byteLength(json);
      if (length > this.#strings.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(this.#nextBytes, 2 * this.#strings.length, length));
        this.#strings.copy(grown, 0, 0, start);
        this.#strings = grown;
      }
    }
    const bytes = this.#strings.write(json, start);
    this.#stringsLength = start + bytes;
    return bytes;
  }
}

/** The strings of a record as JSON. A response may echo the secrets of its request, and what is packed reaches files. */
function stringsOf(record: RequestRecord): string {
  const json = responseStringsOf(record);
  const safe = holdsSecret(json) ? responseStringsOf(safeRecord(record)) : json;
  // Prompts are large, and no echo.
  return `${safe.slice(0, -1)},${JSON.stringify(record.inputText ?? null)}]`;
}

function responseStringsOf(record: RequestRecord): string {
  return JSON.stringify([
    record.requestId,
    record.correlationId,
    record.conversationId,
    record.model,
    record.text ?? null,
    record.reasoning ?? null,
    record.usage ?? null,
    record.error ?? null,
    record.raw ?? null,
    record.trace ?? null,
    record.finishReason ?? null,
    record.unread ?? null,
  ]);
}

/** The records of a batch one by one, equal to what was packed. */
export function* unpackRecords(batch: RecordBatch): Generator<RequestRecord> {
  const { numbers } = batch;
  const bytes = Buffer.from(batch.strings.buffer, batch.strings.byteOffset, batch.strings.byteLength);
  let at = 0;
  let bytesAt = 0;
  const take = () => numbers[at++] ?? Number.NaN;
  const takeDefined = () => {
    const value = take();
    return Number.isNaN(value) ? undefined : value;
  };
  for (let record = 0; record < batch.records; record++) {
    const end = bytesAt + take();
    const strings: PackedStrings = JSON.parse(bytes.toString('utf8', bytesAt, end));
    bytesAt = end;
    const [requestId, correlationId, conversationId, model, text, reasoning, usage] = strings;
    const [, , , , , , , error, raw, trace, finishReason, unread, inputText] = strings;
    const phase = phases[take()] ?? 'profiling';
    const facts = {
      sessionNum: take(),
      turnIndex: take(),
      dueNs: take(),
      startNs: take(),
      ackNs: take(),
      endNs: take(),
      firstOutputNs: take(),
      cancelledNs: takeDefined(),
      dropped: take() === 1,
      clientLimited: take() === 1,
      inputTokens: takeDefined(),
      requestedOsl: takeDefined(),
    };
    const wire = new WireTimes();
    wire.reused = take() === 1;
    at = unpackWire(wire, numbers, at);
    const chunks = take();
    const contentNs = numbers.subarray(at, at + chunks);
    at += chunks;
    yield {
      phase,
      ...facts,
      requestId,
      correlationId,
      conversationId,
      model,
      workerId: batch.workerId,
      contentNs,
      wire,
      text: text ?? undefined,
      reasoning: reasoning ?? undefined,
      usage: usage ?? undefined,
      inputText: inputText ?? undefined,
      error: error ?? undefined,
      raw: raw ?? undefined,
      trace: trace ?? undefined,
      finishReason: finishReason ?? undefined,
      unread: unread ?? undefined,
    };
  }
}

// Field by field: a loop over names takes 1 µs a record longer, in the thread that stamps.

/** Writes a record's wire times; gives the place behind them. */
function packWire(wire: WireTimes, numbers: Float64Array, start: number): number {
  let at = start;
  numbers[at++] = wire.startNs;
  numbers[at++] = wire.poolWaitStartNs;
  numbers[at++] = wire.poolWaitEndNs;
  numbers[at++] = wire.dnsStartNs;
  numbers[at++] = wire.dnsEndNs;
  numbers[at++] = wire.connectStartNs;
  numbers[at++] = wire.connectEndNs;
  numbers[at++] = wire.sendStartNs;
  numbers[at++] = wire.sendEndNs;
  numbers[at++] = wire.headNs;
  numbers[at++] = wire.firstBodyNs;
  numbers[at++] = wire.lastBodyNs;
  numbers[at++] = wire.endNs;
  numbers[at++] = wire.bytesSent;
  numbers[at++] = wire.writes;
  numbers[at++] = wire.bytesReceived;
  numbers[at++] = wire.reads;
  return at;
}

function unpackWire(wire: WireTimes, numbers: Float64Array, start: number): number {
  let at = start;
  const take = () => numbers[at++] ?? Number.NaN;
  wire.startNs = take();
  wire.poolWaitStartNs = take();
  wire.poolWaitEndNs = take();
  wire.dnsStartNs = take();
  wire.dnsEndNs = take();
  wire.connectStartNs = take();
  wire.connectEndNs = take();
  wire.sendStartNs = take();
  wire.sendEndNs = take();
  wire.headNs = take();
  wire.firstBodyNs = take();
  wire.lastBodyNs = take();
  wire.endNs = take();
  wire.bytesSent = take();
  wire.writes = take();
  wire.bytesReceived = take();
  wire.reads = take();
  return at;
}
