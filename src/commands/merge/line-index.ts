import { closeSync, openSync, readSync } from 'node:fs';
import type { PhaseName } from '../../records/record.js';
import { UserError } from '../../util/errors.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';

const CHUNK_BYTES = 1 << 20;
const FEED = 0x0a;
const START_KEY = Buffer.from('"request_start_ns":');
const NUMBER_KEY = Buffer.from('{"metadata":{"session_num":');
const DUE_KEY = Buffer.from('"credit_issued_ns":');
const WARMUP = Buffer.from('"benchmark_phase":"warmup"');

/** Where another process has joined in the place of the one that made a file of records. */
export interface Takeover {
  readonly phase: PhaseName;
  /** What is due from then on does not count, … */
  readonly atNs: bigint;
  /** … nor requests with this number or a higher one. */
  readonly numbersBelow: number;
}

/** When the first and the last request of a file were sent, ns since 1970. */
export interface RequestStarts {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** Where the records of some files are, by the start of their requests; 26 bytes of memory for each. */
export class LineIndex {
  /** Seconds since 1970 from which starts count. */
  #zeroSeconds: number | undefined;
  #starts = new Float64Array(1024);
  #numbers = new Uint32Array(1024);
  #files = new Uint16Array(1024);
  #offsets = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  length = 0;

  /**
   * Adds the records of a file of lines as `aiperf profile` writes it.
   * @param takeover leaves out the records of what another process has sent; undefined: none.
   * @returns numbers of records; a last line that is cut off is neither.
   * @throws UserError for a line that is no record; the file system's error.
   */
  add(file: number, path: string, takeover?: Takeover): { readonly added: number; readonly leftOut: number } {
    const before = this.length;
    let line = 0;
    let leftOut = 0;
    eachLine(path, (bytes, from, to, offset) => {
      line++;
      if (!this.#addLine(file, bytes, from, to, offset)) throw notARecord(path, line);
      const number = this.#numbers[this.length - 1] ?? 0;
      if (takeover === undefined || isBefore(takeover, bytes.subarray(from, to), number)) return;
      this.length--;
      leftOut++;
    });
    return { added: this.length - before, leftOut };
  }

  /** Starts of the first and the last request of each file, ns since 1970; undefined for one without any. */
  extents(files: number): readonly (RequestStarts | undefined)[] {
    const firsts = new Float64Array(files).fill(Number.POSITIVE_INFINITY);
    const lasts = new Float64Array(files).fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < this.length; i++) {
      const file = this.#files[i] ?? 0;
      const start = this.#starts[i] ?? 0;
      firsts[file] = Math.min(firsts[file] ?? 0, start);
      lasts[file] = Math.max(lasts[file] ?? 0, start);
    }
    const zeroNs = BigInt(this.#zeroSeconds ?? 0) * 1_000_000_000n;
    return Array.from(firsts, (first, file) => {
      const last = lasts[file] ?? first;
      return Number.isFinite(first)
        ? { firstNs: zeroNs + BigInt(first), lastNs: zeroNs + BigInt(last) }
        : undefined;
    });
  }

  /** The number of a request that two records have; undefined if each has its own. */
  doubled(): number | undefined {
    const seen = new Set<number>();
    let most = 0;
    for (let i = 0; i < this.length; i++) most = Math.max(most, this.#numbers[i] ?? 0);
    const bits = most <= 64 * this.length + 1e6 ? new Uint8Array((most >>> 3) + 1) : undefined;
    for (let i = 0; i < this.length; i++) {
      const number = this.#numbers[i] ?? 0;
      const mask = 1 << (number & 7);
      const isSeen = bits === undefined ? seen.has(number) : ((bits[number >>> 3] ?? 0) & mask) !== 0;
      if (isSeen) return number;
      if (bits === undefined) seen.add(number);
      else bits[number >>> 3] = (bits[number >>> 3] ?? 0) | mask;
    }
    return undefined;
  }

  /** The records in the order of their starts; of equal ones, in the order in which they were added. */
  *byStart(): Generator<{ readonly file: number; readonly offset: number; readonly length: number }> {
    const starts = this.#starts;
    const order = Uint32Array.from({ length: this.length }, (_, place) => place);
    order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
    for (const place of order) {
      yield {
        file: this.#files[place] ?? 0,
        offset: this.#offsets[place] ?? 0,
        length: this.#lengths[place] ?? 0,
      };
    }
  }

  #addLine(file: number, bytes: Buffer, from: number, to: number, offset: number): boolean {
    const at = bytes.indexOf(START_KEY, from);
    if (at === -1 || at >= to || bytes.indexOf(NUMBER_KEY, from) !== from) return false;
    const digits = at + START_KEY.length;
    const end = endOfDigits(bytes, digits);
    if (end - digits < 10) return false;
    const seconds = digitsIn(bytes, digits, end - 9);
    this.#zeroSeconds ??= seconds;
    if (this.length === this.#starts.length) this.#grow();
    const place = this.length++;
    this.#starts[place] = (seconds - this.#zeroSeconds) * 1e9 + digitsIn(bytes, end - 9, end);
    const number = from + NUMBER_KEY.length;
    this.#numbers[place] = digitsIn(bytes, number, endOfDigits(bytes, number));
    this.#files[place] = file;
    this.#offsets[place] = offset;
    this.#lengths[place] = to - from;
    return true;
  }

  #grow(): void {
    const size = 2 * this.length;
    const grown = <Column extends { set(values: Column): void }>(longer: Column, column: Column): Column => {
      longer.set(column);
      return longer;
    };
    this.#starts = grown(new Float64Array(size), this.#starts);
    this.#numbers = grown(new Uint32Array(size), this.#numbers);
    this.#files = grown(new Uint16Array(size), this.#files);
    this.#offsets = grown(new Float64Array(size), this.#offsets);
    this.#lengths = grown(new Uint32Array(size), this.#lengths);
  }
}

/** Whether the record of a line counts though another process has joined. @param number of its request. */
function isBefore({ phase, atNs, numbersBelow }: Takeover, line: Buffer, number: number): boolean {
  const isWarmup = line.includes(WARMUP);
  if (isWarmup !== (phase === 'warmup')) return isWarmup;
  const digits = line.indexOf(DUE_KEY) + DUE_KEY.length;
  const dueNs = BigInt(line.toString('latin1', digits, endOfDigits(line, digits)));
  return dueNs < atNs && number < numbersBelow;
}

/**
 * Calls `take` with each whole line, its line feed included: bytes `from` to `to` of a buffer, and its place in the file.
 */
function eachLine(
  path: string,
  take: (bytes: Buffer, from: number, to: number, offset: number) => void,
): void {
  const file = openSync(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let filled = 0;
    let offset = 0;
    for (;;) {
      if (filled === buffer.length) {
        if (buffer.length > MAX_ROW_BYTES)
          throw new UserError(`${path}: a line is longer than ${MAX_ROW_BYTES} bytes.`);
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      }
      const read = readSync(file, buffer, filled, buffer.length - filled, offset + filled);
      if (read === 0) return;
      filled += read;
      const valid = buffer.subarray(0, filled);
      let from = 0;
      for (let feed = valid.indexOf(FEED, 0); feed !== -1; feed = valid.indexOf(FEED, from)) {
        take(valid, from, feed + 1, offset + from);
        from = feed + 1;
      }
      buffer.copyWithin(0, from, filled);
      filled -= from;
      offset += from;
    }
  } finally {
    closeSync(file);
  }
}

function endOfDigits(bytes: Buffer, from: number): number {
  let end = from;
  while ((bytes[end] ?? 0) >= 0x30 && (bytes[end] ?? 0) <= 0x39) end++;
  return end;
}

function digitsIn(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] ?? 0x30) - 0x30;
  return value;
}

function notARecord(path: string, line: number): UserError {
  return new UserError(
    `${path}:${line}: this line is not a record of a request.`,
    'Every line must be one as `aiperf profile` writes it; take out the line to go on without it.',
  );
}
