import { writevSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordBatch } from './pack.js';

/*
 * The spool is a folder that keeps finished records on disk after they are packed, until they are in the files of the
 * run. Each load thread appends to its own segments, `<thread>-<segment>.spool`, and the record thread follows them. A
 * segment is a head and frames; a frame is one batch, or marks that the data continue in the next segment.
 *
 *   head   u32 magic, version, thread, segment · f64 warm-up and profiling records of the worker in earlier segments ·
 *          32 bytes worker id
 *   frame  u32 magic, kind, records, warm-up records, numbers, string bytes, 0, 0 · the numbers, f64 · the strings ·
 *          u32 string bytes, magic
 *
 * All numbers are in the byte order of the machine. A frame is valid only with its last eight bytes, so the incomplete
 * tail of a killed process is detected. The only cost per record is the copy of its packed bytes.
 */

/** Version of the format; readers refuse any other. */
export const SPOOL_VERSION = 7;

export const HEAD_MAGIC = 0x41695370;
export const FRAME_MAGIC = 0x46726d31;
export const HEAD_BYTES = 64;
export const FRAME_BYTES = 32;
export const END_BYTES = 8;
export const WORKER_ID_AT = 32;

export const KIND_RECORDS = 0;
export const KIND_PREWARM = 1;
export const KIND_CONTINUED = 2;

/** Size at which a new segment is started; small segments are mostly deleted before they are written to the disk. */
const SEGMENT_BYTES = 32 << 20;

/** Numbers of records by phase. */
export interface PhaseCounts {
  readonly warmup: number;
  readonly profiling: number;
}

export function segmentPath(folder: string, thread: number, segment: number): string {
  return join(folder, `${thread}-${segment}.spool`);
}

/** Some bytes of a segment, which a reader uses only when all of them are there. */
export interface SpoolPiece {
  /** Number of the segment; the first piece of each is its head. */
  readonly segment: number;
  readonly parts: readonly NodeJS.ArrayBufferView[];
  readonly bytes: number;
  /** The batch that it holds; undefined: none. */
  readonly batch?: RecordBatch;
}

/** Lays the batches of one load thread out in segments, each of which holds those of one worker. */
export class SpoolLayout {
  readonly #thread: number;
  readonly #segmentBytes: number;
  #workerId: string;
  #segment = 0;
  /** Bytes of the segment so far. */
  #bytes = HEAD_BYTES;
  /** By worker. */
  readonly #counts = new Map<string, PhaseCounts>();

  constructor(thread: number, workerId: string, segmentBytes = SEGMENT_BYTES) {
    this.#thread = thread;
    this.#workerId = workerId;
    this.#segmentBytes = segmentBytes;
  }

  /** The head of the current segment. */
  get head(): SpoolPiece {
    const head = new ArrayBuffer(HEAD_BYTES);
    new Uint32Array(head).set([HEAD_MAGIC, SPOOL_VERSION, this.#thread, this.#segment]);
    const { warmup, profiling } = this.#laidOut;
    new Float64Array(head).set([warmup, profiling], 2);
    Buffer.from(head).write(this.#workerId, WORKER_ID_AT, 'latin1');
    return { segment: this.#segment, parts: [new Uint8Array(head)], bytes: HEAD_BYTES };
  }

  /** The pieces of a batch, whose memory they share. */
  piecesOf(batch: RecordBatch): SpoolPiece[] {
    const { workerId, isPrewarm, records, warmups } = batch;
    const isNext = this.#bytes >= this.#segmentBytes || workerId !== this.#workerId;
    const pieces = isNext ? this.nextSegment(workerId) : [];
    pieces.push(this.#frame(isPrewarm ? KIND_PREWARM : KIND_RECORDS, batch));
    if (!isPrewarm) {
      const { warmup, profiling } = this.#laidOut;
      this.#counts.set(workerId, { warmup: warmup + warmups, profiling: profiling + records - warmups });
    }
    return pieces;
  }

  /** What ends the segment and begins another. @param workerId whose batches follow. */
  nextSegment(workerId = this.#workerId): SpoolPiece[] {
    const end = this.#frame(KIND_CONTINUED);
    this.#workerId = workerId;
    this.#segment++;
    this.#bytes = HEAD_BYTES;
    return [end, this.head];
  }

  /** Records of the worker. */
  get #laidOut(): PhaseCounts {
    return this.#counts.get(this.#workerId) ?? { warmup: 0, profiling: 0 };
  }

  #frame(kind: number, batch?: RecordBatch): SpoolPiece {
    const { records = 0, warmups = 0, numbers, strings } = batch ?? {};
    const [count, length] = [numbers?.length ?? 0, strings?.length ?? 0];
    const frame = Uint32Array.of(
      FRAME_MAGIC,
      kind,
      records,
      warmups,
      count,
      length,
      0,
      0,
      length,
      FRAME_MAGIC,
    );
    const at = FRAME_BYTES / 4;
    const data = numbers === undefined || strings === undefined ? [] : [numbers, strings];
    const bytes = FRAME_BYTES + 8 * count + length + END_BYTES;
    this.#bytes += bytes;
    const parts = [frame.subarray(0, at), ...data, frame.subarray(at)];
    return { segment: this.#segment, parts, bytes, ...(batch && { batch }) };
  }
}

/** Writes all parts from a position of the file on. @returns the position behind them. */
export function writeParts(file: number, parts: readonly NodeJS.ArrayBufferView[], from: number): number {
  const end = parts.reduce((sum, { byteLength }) => sum + byteLength, from);
  let rest = parts;
  for (let at = from; at < end; ) {
    const written = writevSync(file, rest, at);
    at += written;
    if (at < end) rest = restOf(rest, written);
  }
  return end;
}

/** The parts after the first `written` bytes. */
export function restOf(parts: readonly NodeJS.ArrayBufferView[], written: number): NodeJS.ArrayBufferView[] {
  let skip = written;
  return parts.flatMap((part) => {
    const skipped = Math.min(skip, part.byteLength);
    skip -= skipped;
    if (skipped === 0) return [part];
    return skipped === part.byteLength
      ? []
      : [new Uint8Array(part.buffer, part.byteOffset + skipped, part.byteLength - skipped)];
  });
}
