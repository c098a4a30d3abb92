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

// A line of a file may be some times as long; a JavaScript string has at most 2^29 characters.
const MAX_CHARACTERS = 2 ** 27;

const MIN_NUMBERS = 4096;
const MIN_BYTES = 32_768;
const MAX_KEPT_BYTES = 16_000_000;
const texts = new JsonWriter();
/** Numbers of a record besides its chunks' times: the length of its strings, and what its layout has. */
const FIXED_NUMBERS = 1 + countNumbers((counter) => passNumbers(blankRecord(), counter));

/**
 * Packs records of one load thread as they come, so that none of their objects is left for the garbage collector to
 * carry about. Undefined numbers travel as NaN.
 */
export class RecordPacker {
  readonly #workerId: string;
  readonly #isPrewarm: boolean;
  #numbers = new NumberWriter();
  #strings: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(0);
  #stringsLength = 0;
  #records = 0;
  #warmups = 0;
  /** Room that the next batch is given at first. */
  #nextNumbers = MIN_NUMBERS;
  #nextBytes = MIN_BYTES;

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
    return 8 * this.#numbers.length + this.#stringsLength;
  }

  /** Adds a record; one whose strings are too much for a line of a file is added as failed, without its response. */
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

  /** All that was added since the last take, in the packer's own memory: good until the next call of any kind. */
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

  /** Forgets what was added, and keeps its memory for what comes next, unless that is much. */
  clear(): void {
    if (this.#strings.length > MAX_KEPT_BYTES) this.#strings = Buffer.allocUnsafeSlow(0);
    this.#numbers.clear(MAX_KEPT_BYTES);
    this.#stringsLength = 0;
    this.#records = 0;
    this.#warmups = 0;
  }

  /** The batch, which is forgotten; its buffers are the taker's. */
  take(): RecordBatch {
    const { batch } = this;
    // The next batch will be about as large; its first record makes room for it.
    this.#nextNumbers = Math.max(MIN_NUMBERS, this.#numbers.length);
    this.#nextBytes = Math.max(MIN_BYTES, this.#stringsLength);
    this.#numbers = new NumberWriter();
    this.#strings = Buffer.allocUnsafeSlow(0);
    this.clear();
    return batch;
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
  const inputText = record.inputText === undefined ? 'null' : JSON.stringify(record.inputText);
  return `${safe.slice(0, -1)},${inputText}]`;
}

function responseStringsOf(record: RequestRecord): string {
  passTexts(record, texts);
  return texts.take();
}

/** The records of a batch one by one, equal to what was packed. */
export function* unpackRecords(batch: RecordBatch): Generator<RequestRecord> {
  const numbers = new NumberReader(batch.numbers);
  const bytes = Buffer.from(batch.strings.buffer, batch.strings.byteOffset, batch.strings.byteLength);
  let bytesAt = 0;
  for (let i = 0; i < batch.records; i++) {
    const record: OpenRecord = blankRecord();
    const end = bytesAt + numbers.number();
    const strings = new JsonReader(JSON.parse(bytes.toString('utf8', bytesAt, end)));
    bytesAt = end;
    record.workerId = batch.workerId;
    passTexts(record, strings);
    record.inputText = strings.optional();
    passNumbers(record, numbers);
    yield record;
  }
}
