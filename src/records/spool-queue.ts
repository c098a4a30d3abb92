import { close, closeSync, constants, ftruncate, ftruncateSync, open, openSync, writev } from 'node:fs';
import { Timeout } from '../util/timeout.js';
import type { RecordBatch } from './pack.js';
import { HEAD_BYTES, restOf, SpoolLayout, type SpoolPiece, segmentPath, writeParts } from './spool.js';
import type { SpoolGate } from './spool-gate.js';

/** Wait before the gate is tried again. */
const RETRY_MS = 10;

export interface SpoolQueueOptions {
  /** Must exist. */
  readonly folder: string;
  readonly thread: number;
  readonly workerId: string;
  readonly gate: SpoolGate;
  /** A write failed: nothing more is written. @param unwritten the batches that are not on the disk, in order. */
  readonly onFailure: (error: Error, unwritten: readonly RecordBatch[]) => void;
  readonly segmentBytes?: number;
}

interface QueuedPiece extends SpoolPiece {
  readonly onWritten?: () => void;
}

/**
 * Appends the batches of one load thread to its segments without holding up the thread: one write is under way at a
 * time, and what is queued meanwhile goes into the next one together. A slow disk so sees few large writes.
 */
export class SpoolQueue {
  readonly #options: SpoolQueueOptions;
  readonly #layout: SpoolLayout;
  readonly #pieces: QueuedPiece[] = [];
  #queuedBytes = 0;
  #file: number;
  /** Of the file. */
  #segment = 0;
  /** Bytes of complete pieces in the file. */
  #bytes = 0;
  /** Bytes behind them that are written, of the first queued piece. */
  #begun = 0;
  #underWay: 'open' | 'write' | undefined;
  #retry: Timeout | undefined;
  #error: Error | undefined;
  /** What is under way does not count any more. */
  #isOver = false;
  #waiting: (() => void)[] = [];

  /** Creates the first segment. @throws the file system's error. */
  constructor(options: SpoolQueueOptions) {
    this.#options = options;
    this.#layout = new SpoolLayout(options.thread, options.workerId, options.segmentBytes);
    this.#file = openSync(this.#path(0), 'wx', 0o600);
    this.#bytes = writeParts(this.#file, this.#layout.head.parts, 0);
  }

  /** Bytes that wait for the disk. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** @param onWritten called when the batch is on the disk and its memory free; not after a failure. */
  append(batch: RecordBatch, onWritten: () => void): void {
    this.#push(
      this.#layout
        .piecesOf(batch)
        .map((piece) => (piece.batch === undefined ? piece : { ...piece, onWritten })),
    );
  }

  /** Continues in a new segment, so that the reader can delete the earlier ones. */
  nextSegment(): void {
    this.#push(this.#layout.nextSegment());
  }

  /** Resolves when nothing is queued: everything is on the disk, or was passed to `onFailure`. */
  settled(): Promise<void> {
    if (this.#pieces.length === 0 && this.#underWay === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Writes all that is queued before it returns, at the end of a thread that will not come to it otherwise. A write that
   * is under way does no harm: it writes the same bytes to the same place.
   */
  writeNow(): void {
    if (this.#pieces.length === 0) return;
    const underWay = this.#underWay;
    this.#isOver = true;
    try {
      if (this.#error !== undefined) throw this.#error;
      for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
        if (first.segment !== this.#segment) {
          const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;
          const flags = underWay === 'open' ? O_WRONLY | O_CREAT | O_NOFOLLOW : 'wx';
          this.#enter(first.segment, openSync(this.#path(first.segment), flags, 0o600));
        }
        const at = this.#bytes + this.#begun;
        this.#note(writeParts(this.#file, restOf(first.parts, this.#begun), at) - at);
      }
    } catch (thrown) {
      ftruncateSync(this.#file, this.#bytes);
      this.#giveUp(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    if (underWay !== undefined) this.#leave();
    this.#publish();
  }

  /** Removes all frames of the segment to free their space. */
  empty(): void {
    ftruncateSync(this.#file, HEAD_BYTES);
    this.#bytes = HEAD_BYTES;
  }

  /** To be called when it has settled. */
  close(): void {
    closeSync(this.#file);
  }

  #path(segment: number): string {
    return segmentPath(this.#options.folder, this.#options.thread, segment);
  }

  #push(pieces: readonly QueuedPiece[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#queuedBytes += piece.bytes;
    }
    this.#next();
    this.#publish();
  }

  /** Begins the next step, if none is under way. */
  #next(): void {
    const [first] = this.#pieces;
    if (this.#underWay !== undefined || this.#retry !== undefined || this.#error !== undefined) return;
    if (first === undefined) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    if (!this.#options.gate.tryEnter()) {
      this.#retry = new Timeout(() => {
        this.#retry = undefined;
        this.#next();
      }, RETRY_MS);
      return;
    }
    if (first.segment === this.#segment) this.#write();
    else this.#open(first.segment);
  }

  #write(): void {
    this.#underWay = 'write';
    const other = this.#pieces.findIndex(({ segment }) => segment !== this.#segment);
    const pieces = other === -1 ? this.#pieces : this.#pieces.slice(0, other);
    const parts = pieces.flatMap((piece) => piece.parts);
    writev(this.#file, restOf(parts, this.#begun), this.#bytes + this.#begun, (error, written) => {
      if (error === null && !this.#isOver) this.#note(written);
      this.#end(error);
    });
  }

  #open(segment: number): void {
    this.#underWay = 'open';
    open(this.#path(segment), 'wx', 0o600, (error, file) => {
      if (error !== null || this.#isOver) {
        this.#end(error);
        return;
      }
      const before = this.#enter(segment, file);
      this.#underWay = 'write';
      close(before, () => this.#end(null));
    });
  }

  /** @returns the file before. */
  #enter(segment: number, file: number): number {
    const before = this.#file;
    this.#file = file;
    this.#segment = segment;
    this.#bytes = 0;
    return before;
  }

  /** Ends a step. */
  #end(error: Error | null): void {
    if (this.#isOver) return;
    if (error !== null) {
      this.#error = error;
      // Batches that come meanwhile are queued behind the others.
      ftruncate(this.#file, this.#bytes, () => {
        this.#leave();
        this.#giveUp(error);
      });
      return;
    }
    this.#leave();
    this.#next();
    this.#publish();
  }

  #leave(): void {
    this.#underWay = undefined;
    this.#options.gate.leave();
  }

  /** Counts bytes as written. */
  #note(written: number): void {
    this.#begun += written;
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      if (this.#begun < first.bytes) return;
      this.#pieces.shift();
      this.#begun -= first.bytes;
      this.#bytes += first.bytes;
      this.#queuedBytes -= first.bytes;
      first.onWritten?.();
    }
  }

  /** Passes on what is not on the disk. */
  #giveUp(error: Error): void {
    this.#error = error;
    this.#queuedBytes = 0;
    this.#publish();
    const unwritten = this.#pieces.splice(0).flatMap(({ batch }) => batch ?? []);
    this.#options.onFailure(error, unwritten);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Tells other threads how much waits. */
  #publish(): void {
    this.#options.gate.setQueuedBytes(this.#options.thread, this.#queuedBytes);
  }
}
