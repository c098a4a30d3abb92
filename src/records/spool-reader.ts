import { closeSync, fstatSync, openSync, readdirSync, readSync, readvSync, statSync } from 'node:fs';
import type { RecordBatch } from './pack.js';
import {
  END_BYTES,
  FRAME_BYTES,
  FRAME_MAGIC,
  HEAD_BYTES,
  HEAD_MAGIC,
  KIND_CONTINUED,
  KIND_PREWARM,
  KIND_RECORDS,
  type PhaseCounts,
  SPOOL_VERSION,
  segmentPath,
  WORKER_ID_AT,
} from './spool.js';

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

/** A segment of another version, or a file that is not a segment. */
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

/** Reads the segments of one load thread while they are written; holds one batch in memory at a time. */
export class SpoolReader {
  readonly #folder: string;
  readonly #thread: number;
  readonly #frame = new Uint32Array(FRAME_BYTES / 4);
  readonly #done: string[] = [];
  #segment: Segment | undefined = undefined;
  #number: number;
  #offset = HEAD_BYTES;

  /** @param segment first segment to read. */
  constructor(folder: string, thread: number, segment = 0) {
    this.#folder = folder;
    this.#thread = thread;
    this.#number = segment;
  }

  /** Records of the worker in the segments before the current one; undefined without a segment. */
  get before(): PhaseCounts | undefined {
    return this.#open()?.before;
  }

  get workerId(): string | undefined {
    return this.#open()?.workerId;
  }

  /**
   * Reads the next batch; undefined if none is complete yet.
   * @throws UnknownSpool for a file that is not a segment of this version; the file system's error.
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

  /** Paths of the segments read to their end since the last call: of no use once their records are in files. */
  takeRead(): readonly string[] {
    return this.#done.splice(0);
  }

  /** Skips the unread frames. @returns their records. */
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

  /** Unread bytes; after the last complete frame, those of a frame whose writer was killed. */
  get unreadBytes(): number {
    let bytes = -this.#offset;
    for (let number = this.#number; ; number++) {
      const path = segmentPath(this.#folder, this.#thread, number);
      const { size } = statSync(path, { throwIfNoEntry: false }) ?? {};
      if (size === undefined) return Math.max(0, bytes);
      bytes += size;
    }
  }

  close(): void {
    if (this.#segment !== undefined) closeSync(this.#segment.file);
    this.#segment = undefined;
  }

  /** Head of the next frame with records, if the frame is complete. */
  #nextHead(): FrameHead | undefined {
    for (;;) {
      const segment = this.#open();
      if (segment === undefined) return undefined;
      const frame = this.#frame;
      if (readSync(segment.file, frame, 0, FRAME_BYTES, this.#offset) < FRAME_BYTES) return undefined;
      if (frame[0] !== FRAME_MAGIC) return undefined;
      const [, kind = 0, records = 0, warmups = 0, numbers = 0, strings = 0] = frame;
      const bytes = FRAME_BYTES + 8 * numbers + strings + END_BYTES;
      // Checked before memory is allocated: the length of an incomplete frame may be any number.
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

/** Undefined if the segment or its complete head is missing. */
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
