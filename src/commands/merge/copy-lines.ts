import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { LineIndex } from './line-index.js';

const WINDOW_BYTES = 1 << 20;
const ALL_WINDOWS_BYTES = 64 << 20;
const OUT_BYTES = 1 << 20;

/**
 * Writes the lines of an index in their order. Lines of a file are nearly in order, so each file is read through a
 * window that moves forward; a line before it is read by itself.
 * @param paths of the files, by number. @throws the file system's error.
 */
export function copyLines(index: LineIndex, paths: readonly string[], target: string): void {
  const windowBytes = Math.max(1 << 16, Math.min(WINDOW_BYTES, Math.floor(ALL_WINDOWS_BYTES / paths.length)));
  // A shard without a record may have left no file.
  const sources = new Map<number, Source>();
  const open = (file: number) => {
    const source = new Source(paths[file] ?? '', windowBytes);
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
    for (const source of sources.values()) source.close();
  }
}

/** A file that is read mostly forward. */
class Source {
  readonly #path: string;
  readonly #file: number;
  readonly #window: Buffer;
  #start = 0;
  #filled = 0;

  constructor(path: string, windowBytes: number) {
    this.#path = path;
    this.#file = openSync(path, 'r');
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

  close(): void {
    closeSync(this.#file);
  }

  /** Reads at least `least` bytes. */
  #fill(into: Buffer, offset: number, least: number): Buffer {
    let filled = 0;
    while (filled < least) {
      const read = readSync(this.#file, into, filled, into.length - filled, offset + filled);
      if (read === 0) throw new Error(`${this.#path} was shortened while it was read`);
      filled += read;
    }
    return into.subarray(0, filled);
  }
}
