/** Parses its reads later than they are timestamped. */
export interface Reader {
  /** Parses `bytes[start, end)`, read at `atNs`; the bytes are overwritten after the call. */
  parse(bytes: Buffer, start: number, end: number, atNs: number): void;
}

/**
 * Reads of a thread that are timestamped and not parsed yet, in order of arrival. Streams that started together send
 * together, faster than their events can be parsed. So one poll of the event loop only timestamps and copies what all
 * sockets hold; parsing follows in its check phase, in slices of time between which the sockets are polled again. While
 * several reads come with each poll, the peer is still writing such a burst, and parsing waits for its end.
 */
export class PendingReads {
  /** Buffer for every read of the thread; processed before the next read. */
  readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #nowNs: () => number;
  readonly #bytes: Buffer;
  readonly #readers: (Reader | undefined)[];
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #atNs: Float64Array;
  /** Numbers of the oldest read and of the next one; modulo the most reads, their places. */
  #oldest = 0;
  #next = 0;
  /** The next read at the last slice. */
  #seen = 0;
  /** Where the bytes of the newest read end. */
  #end = 0;
  #immediate: NodeJS.Immediate | undefined = undefined;

  /** @param capacityBytes at least the length of any read. @param maxReads above either, the oldest reads are parsed at once. */
  constructor(nowNs: () => number, capacityBytes = 262_144, maxReads = 1024) {
    this.#nowNs = nowNs;
    this.#bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.#readers = new Array<Reader | undefined>(maxReads).fill(undefined);
    this.#starts = new Uint32Array(maxReads);
    this.#ends = new Uint32Array(maxReads);
    this.#atNs = new Float64Array(maxReads);
  }

  /** Copies the first `length` bytes of the buffer, read at `atNs`. */
  add(reader: Reader, length: number, atNs: number): void {
    const start = this.#makeRoom(length);
    const place = this.#next++ % this.#readers.length;
    this.buffer.copy(this.#bytes, start, 0, length);
    this.#end = start + length;
    this.#readers[place] = reader;
    this.#starts[place] = start;
    this.#ends[place] = this.#end;
    this.#atNs[place] = atNs;
    this.#immediate ??= setImmediate(this.#parseSlice);
  }

  /** Parses the reads of one reader now, before those of others. */
  settle(reader: Reader): void {
    for (let number = this.#oldest; number < this.#next; number++) {
      if (this.#readers[number % this.#readers.length] === reader) this.#parse(number);
    }
  }

  readonly #parseSlice = (): void => {
    const nowNs = this.#nowNs();
    const arrived = this.#next - this.#seen;
    this.#seen = this.#next;
    const waitedNs = nowNs - (this.#atNs[this.#oldest % this.#readers.length] ?? 0);
    if (arrived > 1 && waitedNs < MAX_WAIT_NS) {
      this.#immediate = setImmediate(this.#parseSlice);
      return;
    }
    const endNs =
      nowNs + Math.min(LEAST_SLICE_NS + SLICE_PER_READ_NS * (this.#next - this.#oldest), MOST_SLICE_NS);
    do this.#parse(this.#oldest++);
    while (this.#oldest < this.#next && this.#nowNs() < endNs);
    this.#immediate = this.#oldest < this.#next ? setImmediate(this.#parseSlice) : undefined;
  };

  /** Parses the oldest reads until there is room for one more. @returns where its bytes go. */
  #makeRoom(length: number): number {
    const start = this.#end + length > this.#bytes.length ? 0 : this.#end;
    while (this.#oldest < this.#next && !this.#isFree(start, length)) this.#parse(this.#oldest++);
    return start;
  }

  #isFree(start: number, length: number): boolean {
    if (this.#next - this.#oldest === this.#readers.length) return false;
    const oldestStart = this.#starts[this.#oldest % this.#readers.length] ?? 0;
    // The pending bytes lie between the oldest read and `#end`, or around the end of the ring.
    if (oldestStart < this.#end) return start === this.#end || start + length <= oldestStart;
    return start === this.#end && start + length <= oldestStart;
  }

  #parse(number: number): void {
    const place = number % this.#readers.length;
    const reader = this.#readers[place];
    this.#readers[place] = undefined;
    reader?.parse(this.#bytes, this.#starts[place] ?? 0, this.#ends[place] ?? 0, this.#atNs[place] ?? 0);
  }
}

/** 64 KiB was the fastest of 16, 64 and 256 KiB for coalesced streams. */
const BUFFER_BYTES = 65_536;
// Parsing must not delay timestamps: an event takes about 5 µs, the end of a response 50. A slice is longer the more
// reads are pending: where requests are as many as the thread can handle, each poll in between costs some of them.
const LEAST_SLICE_NS = 30e3;
const SLICE_PER_READ_NS = 2e3;
const MOST_SLICE_NS = 200e3;
/** Longest wait for the end of a burst. */
const MAX_WAIT_NS = 2e6;
