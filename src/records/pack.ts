import { messageOf } from '../util/errors.js';
import { holdsSecret } from '../util/secrets.js';
import {
  countNumbers,
  JsonReader,
  JsonWriter,
  NumberReader,
  NumberWriter,
  type OpenRecord,
  passNumbers,
  passTexts,
} from './layout.js';
import { blankRecord, type RequestRecord, withoutResponse } from './record.js';
import { safeRecord } from './safe-record.js';

/**
 * Finished records for another thread: numbers and strings in one transferable buffer each. A record of 500 chunks takes
 * about 10 µs this way, half the time of cloning objects.
 */
export interface RecordBatch {
  readonly workerId: string;
  /** Made-up records to prewarm threads; they are not counted. */
  readonly isPrewarm: boolean;
  readonly records: number;
  /** Records of the warm-up among them. */
  readonly warmups: number;
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The strings of each record as JSON in UTF-8, concatenated; the numbers contain their lengths. */
  readonly strings: Uint8Array<ArrayBuffer>;
}

/** Posted by a load thread after its prewarm and the records of the prewarm. */
export const PREWARMED = 'prewarmed';

// The line of a file may be several times longer; a JavaScript string has at most 2^29 characters.
const MAX_CHARACTERS = 2 ** 27;

const MIN_NUMBERS = 4096;
const MIN_BYTES = 32_768;
const MAX_KEPT_BYTES = 16_000_000;
const texts = new JsonWriter();
/** Numbers of a record besides its chunk times: the length of its strings, and those of the layout. */
const FIXED_NUMBERS = 1 + countNumbers((counter) => passNumbers(blankRecord(), counter));

/**
 * Packs the records of one load thread as they finish, so that none of their objects survives a garbage collection.
 */
export class RecordPacker {
  readonly #workerId: string;
  readonly #isPrewarm: boolean;
  #numbers = new NumberWriter();
  #strings: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(0);
  #stringsLength = 0;
  #records = 0;
  #warmups = 0;
  /** Memory of an earlier batch. */
  #spare: { readonly numbers: Float64Array<ArrayBuffer>; readonly strings: Buffer<ArrayBuffer> } | undefined;
  /** Initial capacity of the next batch. */
  #nextNumbers = MIN_NUMBERS;
  #nextBytes = MIN_BYTES;

  /** @param isPrewarm the records are made up. */
  constructor(workerId: string, isPrewarm = false) {
    this.#workerId = workerId;
    this.#isPrewarm = isPrewarm;
  }

  /** Records in the batch. */
  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return 8 * this.#numbers.length + this.#stringsLength;
  }

  /** Adds a record. If its strings are too long for a line of a file, it is added as failed, without its response. */
  add(finished: RequestRecord): void {
    let record = finished;
    let json: string;
    try {
      json = stringsOf(record);
      if (json.length > MAX_CHARACTERS) throw new Error(`it has more than ${MAX_CHARACTERS} characters`);
    } catch (thrown) {
      record = withoutResponse(record, messageOf(thrown));
      json = stringsOf(record);
    }
    const stringBytes = this.#addStrings(json);
    const writer = this.#numbers;
    writer.reserve(FIXED_NUMBERS + record.contentNs.length, this.#nextNumbers);
    writer.number(stringBytes);
    passNumbers(record, writer);
    if (record.phase === 'warmup') this.#warmups++;
    this.#records++;
  }

  /** The records added so far, in the packer's memory: valid until the next call of any method. */
  get batch(): RecordBatch {
    return {
      workerId: this.#workerId,
      isPrewarm: this.#isPrewarm,
      records: this.#records,
      warmups: this.#warmups,
      numbers: this.#numbers.written,
      strings: this.#strings.subarray(0, this.#stringsLength),
    };
  }

  /** Empties the batch, and keeps its memory for the next one up to a limit. */
  clear(): void {
    if (this.#strings.length > MAX_KEPT_BYTES) this.#strings = Buffer.allocUnsafeSlow(0);
    this.#numbers.clear(MAX_KEPT_BYTES);
    this.#stringsLength = 0;
    this.#records = 0;
    this.#warmups = 0;
  }

  /** Returns the batch with ownership of its buffers, and starts a new one. */
  take(): RecordBatch {
    const { batch } = this;
    // The next batch will have about this size; its first record allocates it.
    this.#nextNumbers = Math.max(MIN_NUMBERS, this.#numbers.length);
    this.#nextBytes = Math.max(MIN_BYTES, this.#stringsLength);
    this.#numbers = new NumberWriter(this.#spare?.numbers);
    this.#strings = this.#spare?.strings ?? Buffer.allocUnsafeSlow(0);
    this.#spare = undefined;
    this.clear();
    return batch;
  }

  /** Takes back the memory of a batch for a later one, up to a limit. */
  reuse({ numbers, strings }: RecordBatch): void {
    this.#spare ??= { numbers: new Float64Array(numbers.buffer), strings: Buffer.from(strings.buffer) };
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

/** The strings of a record as JSON, without secrets that a response may echo: packed records are written to files. */
function stringsOf(record: RequestRecord): string {
  const json = responseStringsOf(record);
  const safe = holdsSecret(json) ? responseStringsOf(safeRecord(record)) : json;
  // Prompts are large and are not part of the response.
  const inputText = record.inputText === undefined ? 'null' : JSON.stringify(record.inputText);
  return `${safe.slice(0, -1)},${inputText}]`;
}

function responseStringsOf(record: RequestRecord): string {
  passTexts(record, texts);
  return texts.take();
}

/** Calls `visit` with the numbers of each record of a batch: its texts are empty, and it holds until the next call. */
export function visitNumbers(batch: RecordBatch, visit: (record: RequestRecord) => void): void {
  const numbers = new NumberReader(batch.numbers);
  const record: OpenRecord = blankRecord();
  for (let i = 0; i < batch.records; i++) {
    numbers.number();
    passNumbers(record, numbers);
    visit(record);
  }
}

/** Unpacks the records of a batch one by one. @param shard that sent them; absent: none. */
export function* unpackRecords(batch: RecordBatch, shard?: number): Generator<RequestRecord> {
  const numbers = new NumberReader(batch.numbers);
  const bytes = Buffer.from(batch.strings.buffer, batch.strings.byteOffset, batch.strings.byteLength);
  let bytesAt = 0;
  for (let i = 0; i < batch.records; i++) {
    const record: OpenRecord = blankRecord();
    const end = bytesAt + numbers.number();
    const strings = new JsonReader(JSON.parse(bytes.toString('utf8', bytesAt, end)));
    bytesAt = end;
    record.workerId = batch.workerId;
    record.shard = shard;
    passTexts(record, strings);
    record.inputText = strings.optional();
    passNumbers(record, numbers);
    yield record;
  }
}
