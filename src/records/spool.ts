import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  readvSync,
  rmSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RecordBatch } from './pack.js';

/*
 * The spool keeps finished records on disk from the moment at which they are packed until they are in the files of the
 * run. It is a folder: each load thread appends to segments of its own, `<thread>-<segment>.spool`, and the record
 * thread follows them. A segment is a head and frames; a frame is one batch, or marks that the next segment goes on.
 *
 *   head   u32 magic, version, thread, segment · f64 warm-up and profiling records in earlier segments · 32 bytes worker id
 *   frame  u32 magic, kind, records, warm-up records, numbers, string bytes, 0, 0 · the numbers, f64 · the strings ·
 *          u32 string bytes, magic
 *
 * All numbers are in the byte order of the machine. Only a frame with its last eight bytes counts, so a tail that a
 * killed process left is seen as one. No time is spent on a record but the copy of its packed bytes.
 */

/** Version of the format; readers refuse any other. */
export const SPOOL_VERSION = 1;

const HEAD_MAGIC = 0x41695370;
const FRAME_MAGIC = 0x46726d31;
const HEAD_BYTES = 64;
const FRAME_BYTES = 32;
const END_BYTES = 8;
const WORKER_ID_AT = 32;

const KIND_RECORDS = 0;
const KIND_PREWARM = 1;
const KIND_CONTINUED = 2;

/** A segment that reaches this size is the last but one; small ones are mostly deleted before the disk sees them. */
const SEGMENT_BYTES = 32 << 20;

/** Numbers of records by phase. */
export interface PhaseCounts {
  readonly warmup: number;
  readonly profiling: number;
}

function segmentPath(folder: string, thread: number, segment: number): string {
  return join(folder, `${thread}-${segment}.spool`);
}

/** The first segment of each load thread in a spool folder. @throws the file system's error. */
export function findSegments(folder: string): ReadonlyMap<number, number> {
  const first = new Map<number, number>();
  for (const name of readdirSync(folder)) {
    const [, thread, segment] = /^(\d+)-(\d+)\.spool$/.exec(name) ?? [];
    if (thread === undefined || segment === undefined) continue;
    const known = first.get(Number(thread)) ?? Number.POSITIVE_INFINITY;
    first.set(Number(thread), Math.min(known, Number(segment)));
  }
  return new Map([...first].sort(([a], [b]) => a - b));
}

/** Appends the batches of one load thread to its segments. */
export class SpoolWriter {
  readonly #folder: string;
  readonly #thread: number;
  readonly #workerId: string;
  readonly #frame = new Uint32Array(FRAME_BYTES / 4);
  readonly #end = new Uint32Array(END_BYTES / 4);
  readonly #segmentBytes: number;
  #file: number;
  #segment = 0;
  /** Bytes of whole frames in the segment, its head included. */
  #bytes = 0;
  #warmups = 0;
  #profiled = 0;

  /** @param folder that exists. @throws the file system's error. */
  constructor(folder: string, thread: number, workerId: string, segmentBytes = SEGMENT_BYTES) {
    this.#folder = folder;
    this.#thread = thread;
    this.#workerId = workerId;
    this.#segmentBytes = segmentBytes;
    this.#file = this.#openSegment();
  }

  /**
   * Adds a batch: it is with the kernel when this returns. Where it does not fit, nothing of it is left in the file.
   * @throws the file system's error.
   */
  append({ isPrewarm, records, warmups, numbers, strings }: RecordBatch): void {
    if (this.#bytes >= this.#segmentBytes) this.nextSegment();
    this.#writeFrame(isPrewarm ? KIND_PREWARM : KIND_RECORDS, records, warmups, numbers, strings);
    if (isPrewarm) return;
    this.#warmups += warmups;
    this.#profiled += records - warmups;
  }

  /** Takes back what is in the segment, as far as it was not read: it is not needed, and its room is. */
  empty(): void {
    ftruncateSync(this.#file, HEAD_BYTES);
    this.#bytes = HEAD_BYTES;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Goes on in a new segment: the reader can delete what was written so far. @throws the file system's error. */
  nextSegment(): void {
    this.#writeFrame(KIND_CONTINUED, 0, 0, new Float64Array(0), new Uint8Array(0));
    closeSync(this.#file);
    this.#segment++;
    this.#file = this.#openSegment();
  }

  #openSegment(): number {
    // An existing file under this name is neither followed nor overwritten.
    const file = openSync(segmentPath(this.#folder, this.#thread, this.#segment), 'wx', 0o600);
    const head = new ArrayBuffer(HEAD_BYTES);
    new Uint32Array(head).set([HEAD_MAGIC, SPOOL_VERSION, this.#thread, this.#segment]);
    new Float64Array(head).set([this.#warmups, this.#profiled], 2);
    Buffer.from(head).write(this.#workerId, WORKER_ID_AT, 'latin1');
    this.#bytes = 0;
    this.#write(file, [new Uint8Array(head)]);
    return file;
  }

  #writeFrame(
    kind: number,
    records: number,
    warmups: number,
    numbers: Float64Array,
    strings: Uint8Array,
  ): void {
    const frame = this.#frame;
    frame[0] = FRAME_MAGIC;
    frame[1] = kind;
    frame[2] = records;
    frame[3] = warmups;
    frame[4] = numbers.length;
    frame[5] = strings.length;
    this.#end[0] = strings.length;
    this.#end[1] = FRAME_MAGIC;
    this.#write(this.#file, [frame, numbers, strings, this.#end]);
  }

  #write(file: number, parts: readonly NodeJS.ArrayBufferView[]): void {
    let left = 0;
    for (const part of parts) left += part.byteLength;
    const total = left;
    let rest = parts;
    try {
      for (;;) {
        const written = writevSync(file, rest);
        left -= written;
        if (left === 0) break;
        rest = restOf(rest, written);
      }
    } catch (thrown) {
      ftruncateSync(file, this.#bytes);
      throw thrown;
    }
    this.#bytes += total;
  }
}

/** The parts behind the first `written` bytes. */
function restOf(parts: readonly NodeJS.ArrayBufferView[], written: number): Uint8Array[] {
  let skip = written;
  return parts.flatMap(({ buffer, byteOffset, byteLength }) => {
    const skipped = Math.min(skip, byteLength);
    skip -= skipped;
    return skipped === byteLength ? [] : [new Uint8Array(buffer, byteOffset + skipped, byteLength - skipped)];
  });
}

/** A segment that no version of ours, or another one, has written. */
export class UnknownSpool extends Error {}

interface Segment {
  readonly file: number;
  readonly path: string;
  readonly workerId: string;
  readonly before: PhaseCounts;
}

/** Head of a frame. */
interface FrameHead {
  readonly kind: number;
  readonly records: number;
  readonly warmups: number;
  readonly numbers: number;
  readonly strings: number;
  /** Of the whole frame. */
  readonly bytes: number;
}

/** Follows the segments of one load thread, also while they are being written; holds one batch in memory at a time. */
export class SpoolReader {
  readonly #folder: string;
  readonly #thread: number;
  readonly #frame = new Uint32Array(FRAME_BYTES / 4);
  readonly #done: string[] = [];
  #segment: Segment | undefined = undefined;
  #number: number;
  #offset = HEAD_BYTES;

  /** @param segment where to begin. */
  constructor(folder: string, thread: number, segment = 0) {
    this.#folder = folder;
    this.#thread = thread;
    this.#number = segment;
  }

  /** Records in segments before the one that is read; undefined where none is there. */
  get before(): PhaseCounts | undefined {
    return this.#open()?.before;
  }

  get workerId(): string | undefined {
    return this.#open()?.workerId;
  }

  /**
   * The next batch, or undefined where none is whole yet.
   * @throws UnknownSpool for a file that is no segment of this version; the file system's error.
   */
  next(): RecordBatch | undefined {
    const head = this.#nextHead();
    const segment = this.#segment;
    if (head === undefined || segment === undefined) return undefined;
    const numbers = new Float64Array(head.numbers);
    const strings = Buffer.allocUnsafeSlow(head.strings);
    const end = new Uint32Array(END_BYTES / 4);
    readvSync(segment.file, [numbers, strings, end], this.#offset + FRAME_BYTES);
    if (end[0] !== head.strings || end[1] !== FRAME_MAGIC) return undefined;
    this.#offset += head.bytes;
    return {
      workerId: segment.workerId,
      isPrewarm: head.kind === KIND_PREWARM,
      records: head.records,
      warmups: head.warmups,
      numbers,
      strings,
    };
  }

  /** Deletes the segments that were read to their end: what they hold must be elsewhere by now. */
  deleteRead(): void {
    for (const path of this.#done.splice(0)) rmSync(path, { force: true });
  }

  /** Goes through all that was not read, without its contents. @returns its records. */
  skipRest(): PhaseCounts {
    let warmup = 0;
    let profiling = 0;
    for (let head = this.#nextHead(); head !== undefined; head = this.#nextHead()) {
      this.#offset += head.bytes;
      if (head.kind !== KIND_RECORDS) continue;
      warmup += head.warmups;
      profiling += head.records - head.warmups;
    }
    return { warmup, profiling };
  }

  /** Bytes behind the last whole frame: more than 0 where the writer was killed while it wrote. */
  get tornBytes(): number {
    const segment = this.#segment;
    return segment === undefined ? 0 : Math.max(0, fstatSync(segment.file).size - this.#offset);
  }

  close(): void {
    if (this.#segment !== undefined) closeSync(this.#segment.file);
    this.#segment = undefined;
  }

  /** Head of the next frame that holds records, where all of the frame is there. */
  #nextHead(): FrameHead | undefined {
    for (;;) {
      const segment = this.#open();
      if (segment === undefined) return undefined;
      const frame = this.#frame;
      if (readSync(segment.file, frame, 0, FRAME_BYTES, this.#offset) < FRAME_BYTES) return undefined;
      if (frame[0] !== FRAME_MAGIC) return undefined;
      const [, kind = 0, records = 0, warmups = 0, numbers = 0, strings = 0] = frame;
      const bytes = FRAME_BYTES + 8 * numbers + strings + END_BYTES;
      // Before memory is taken for it: the length of a torn frame may be anything.
      if (this.#offset + bytes > fstatSync(segment.file).size) return undefined;
      if (kind !== KIND_CONTINUED) return { kind, records, warmups, numbers, strings, bytes };
      this.close();
      this.#done.push(segment.path);
      this.#number++;
      this.#offset = HEAD_BYTES;
    }
  }

  #open(): Segment | undefined {
    this.#segment ??= openSegment(segmentPath(this.#folder, this.#thread, this.#number));
    return this.#segment;
  }
}

/** Undefined where the segment is not there, or not its whole head. */
function openSegment(path: string): Segment | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(file, head, 0, HEAD_BYTES, 0) < HEAD_BYTES) {
    closeSync(file);
    return undefined;
  }
  const bytes = head.buffer.slice(head.byteOffset, head.byteOffset + HEAD_BYTES);
  const [magic, version] = new Uint32Array(bytes);
  const [, , warmup = 0, profiling = 0] = new Float64Array(bytes);
  if (magic !== HEAD_MAGIC || version !== SPOOL_VERSION) {
    closeSync(file);
    const found = magic === HEAD_MAGIC ? `it has version ${version}` : 'it does not begin as one';
    throw new UnknownSpool(`${path} is not a spool of version ${SPOOL_VERSION}: ${found}`);
  }
  const id = head.toString('latin1', WORKER_ID_AT);
  return { file, path, workerId: id.slice(0, id.indexOf('\0')), before: { warmup, profiling } };
}
