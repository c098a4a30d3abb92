import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { LineIndex } from './line-index.js';

const WINDOW_BYTES = 1 << 20;
const ALL_WINDOWS_BYTES = 64 << 20;
const OUT_BYTES = 1 << 20;
/** Files open at a time: many systems allow 256, and a run may have 1,000 shards. */
const MOST_OPEN = 100;

/**
 * Writes the lines of an index in their order. Lines of a file are nearly in order, so each file is read through a
 * window that moves forward; a line before it is read by itself.
 * @param paths of the files, by number. @throws the file system's error.
 */
export function copyLines(index: LineIndex, paths: readonly string[], target: string): void {
  const windowBytes = Math.max(1 << 16, Math.min(WINDOW_BYTES, Math.floor(ALL_WINDOWS_BYTES / paths.length)));
  // A shard without a record may have left no file.
  const sources = new Map<number, Source>();
  const files = new OpenFiles();
  const open = (file: number) => {
    const source = new Source(paths[file] ?? '', windowBytes, files);
    sources.set(file, source);
    return source;
  };
  const out = openSync(target, 'w');
  const buffer = Buffer.allocUnsafe(OUT_BYTES);
  let filled = 0;
  const write = (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(out, bytes, at);
  };
  try {
    for (const { file, offset, length } of index.byStart()) {
      const line = (sources.get(file) ?? open(file)).read(offset, length);
      if (filled + length > buffer.length) {
        write(buffer.subarray(0, filled));
        filled = 0;
      }
      if (length > buffer.length) write(line);
      else filled += line.copy(buffer, filled);
    }
    write(buffer.subarray(0, filled));
  } finally {
    closeSync(out);
    files.close();
  }
}

/** Files for reading, of which those used last stay open. */
class OpenFiles {
  /** Descriptors by path, in the order of their last use. */
  readonly #open = new Map<string, number>();

  get(path: string): number {
    let file = this.#open.get(path);
    if (file === undefined) {
      const [oldest] = this.#open;
      if (oldest !== undefined && this.#open.size >= MOST_OPEN) {
        this.#open.delete(oldest[0]);
        closeSync(oldest[1]);
      }
      file = openSync(path, 'r');
    }
    this.#open.delete(path);
    this.#open.set(path, file);
    return file;
  }

  close(): void {
    for (const file of this.#open.values()) closeSync(file);
  }
}

/** A file that is read mostly forward. */
class Source {
  readonly #path: string;
  readonly #files: OpenFiles;
  readonly #window: Buffer;
  #start = 0;
  #filled = 0;

  constructor(path: string, windowBytes: number, files: OpenFiles) {
    this.#path = path;
    this.#files = files;
    this.#window = Buffer.allocUnsafe(windowBytes);
  }

  /** Bytes of the file; valid until the next call. */
  read(offset: number, length: number): Buffer {
    if (offset < this.#start || length > this.#window.length)
      return this.#fill(Buffer.allocUnsafe(length), offset, length);
    if (offset + length > this.#start + this.#filled) {
      this.#start = offset;
      this.#filled = this.#fill(this.#window, offset, length).length;
    }
    const from = offset - this.#start;
    return this.#window.subarray(from, from + length);
  }

  /** Reads at least `least` bytes. */
  #fill(into: Buffer, offset: number, least: number): Buffer {
    const file = this.#files.get(this.#path);
    let filled = 0;
    while (filled < least) {
      const read = readSync(file, into, filled, into.length - filled, offset + filled);
      if (read === 0) throw new Error(`${this.#path} was shortened while it was read`);
      filled += read;
    }
    return into.subarray(0, filled);
  }
}
