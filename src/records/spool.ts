import { closeSync, ftruncateSync, openSync, writevSync } from 'node:fs';
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

/** Appends the batches of one load thread to its segments; a segment holds those of one worker. */
export class SpoolWriter {
  readonly #folder: string;
  readonly #thread: number;
  #workerId: string;
  readonly #frame = new Uint32Array(FRAME_BYTES / 4);
  readonly #end = new Uint32Array(END_BYTES / 4);
  readonly #segmentBytes: number;
  #file: number;
  #segment = 0;
  /** Bytes of complete frames in the segment, its head included. */
  #bytes = 0;
  /** By worker. */
  readonly #counts = new Map<string, PhaseCounts>();

  /** @param folder must exist. @throws the file system's error. */
  constructor(folder: string, thread: number, workerId: string, segmentBytes = SEGMENT_BYTES) {
    this.#folder = folder;
    this.#thread = thread;
    this.#workerId = workerId;
    this.#segmentBytes = segmentBytes;
    this.#file = this.#openSegment();
  }

  /**
   * Writes a batch to the file. If it does not fit on the disk, the file is unchanged.
   * @throws the file system's error.
   */
  append({ workerId, isPrewarm, records, warmups, numbers, strings }: RecordBatch): void {
    if (this.#bytes >= this.#segmentBytes || workerId !== this.#workerId) this.nextSegment(workerId);
    this.#writeFrame(isPrewarm ? KIND_PREWARM : KIND_RECORDS, records, warmups, numbers, strings);
    if (isPrewarm) return;
    const { warmup, profiling } = this.#written;
    this.#counts.set(workerId, { warmup: warmup + warmups, profiling: profiling + records - warmups });
  }

  /** Removes all frames of the segment to free their space. */
  empty(): void {
    ftruncateSync(this.#file, HEAD_BYTES);
    this.#bytes = HEAD_BYTES;
  }

  close(): void {
    closeSync(this.#file);
  }

  /**
   * Continues in a new segment, so that the reader can delete the earlier ones.
   * @param workerId whose batches follow. @throws the file system's error.
   */
  nextSegment(workerId = this.#workerId): void {
    this.#writeFrame(KIND_CONTINUED, 0, 0, new Float64Array(0), new Uint8Array(0));
    closeSync(this.#file);
    this.#workerId = workerId;
    this.#segment++;
    this.#file = this.#openSegment();
  }

  /** Records of the worker. */
  get #written(): PhaseCounts {
    return this.#counts.get(this.#workerId) ?? { warmup: 0, profiling: 0 };
  }

  #openSegment(): number {
    // An existing file under this name is neither followed nor overwritten.
    const file = openSync(segmentPath(this.#folder, this.#thread, this.#segment), 'wx', 0o600);
    const head = new ArrayBuffer(HEAD_BYTES);
    new Uint32Array(head).set([HEAD_MAGIC, SPOOL_VERSION, this.#thread, this.#segment]);
    const { warmup, profiling } = this.#written;
    new Float64Array(head).set([warmup, profiling], 2);
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

/** The parts after the first `written` bytes. */
function restOf(parts: readonly NodeJS.ArrayBufferView[], written: number): Uint8Array[] {
  let skip = written;
  return parts.flatMap(({ buffer, byteOffset, byteLength }) => {
    const skipped = Math.min(skip, byteLength);
    skip -= skipped;
    return skipped === byteLength ? [] : [new Uint8Array(buffer, byteOffset + skipped, byteLength - skipped)];
  });
}
