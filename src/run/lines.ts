import { closeSync, openSync, readSync } from 'node:fs';
import { MAX_ROW_BYTES } from '../util/limits.js';
import { requireUtf8, rowTooLong } from '../util/text-file.js';

/** A line of a file, without its line feed. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Ended by a line feed: only the last line of a file may not be. */
  readonly ended: boolean;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The lines of a file one by one; memory holds a chunk and one line, for a file of any size.
 * @throws UserError for a line beyond the limit, or one that is not UTF-8.
 */
export function* readLines(path: string): Generator<Line> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let begun: Buffer[] = [];
    let begunBytes = 0;
    let number = 1;
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const bytes = chunk.subarray(0, size);
      let from = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        yield { text: textOf(path, number, [...begun, bytes.subarray(from, end)]), number, ended: true };
        number++;
        begun = [];
        begunBytes = 0;
        from = end + 1;
      }
      // The chunk is read into again: what a line has begun with must be copied.
      if (from < size) begun.push(Buffer.from(bytes.subarray(from)));
      begunBytes += size - from;
      if (begunBytes > MAX_ROW_BYTES) throw rowTooLong(path, number);
    }
    // A process that was killed may have ended within a character: this line is not checked.
    if (begun.length > 0) yield { text: Buffer.concat(begun).toString(), number, ended: false };
  } finally {
    closeSync(file);
  }
}

function textOf(path: string, line: number, parts: readonly Buffer[]): string {
  const [only = Buffer.alloc(0)] = parts;
  const bytes = parts.length > 1 ? Buffer.concat(parts) : only;
  requireUtf8(path, bytes, line);
  return bytes.toString();
}
