import { closeSync, openSync, readSync } from 'node:fs';

/** A line of a file, without its line feed. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Ended by a line feed: only the last line of a file may not be. */
  readonly ended: boolean;
}

const CHUNK_BYTES = 1 << 20;

/** The lines of a file one by one; memory holds a chunk and one line, whatever the file's size. */
export function* readLines(path: string): Generator<Line> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let begun: Buffer[] = [];
    let number = 1;
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const bytes = chunk.subarray(0, size);
      let from = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        yield { text: textOf(begun, bytes.subarray(from, end)), number, ended: true };
        number++;
        begun = [];
        from = end + 1;
      }
      // The chunk is read into again: what a line has begun with must be copied.
      if (from < size) begun.push(Buffer.from(bytes.subarray(from)));
    }
    if (begun.length > 0) yield { text: textOf(begun, Buffer.alloc(0)), number, ended: false };
  } finally {
    closeSync(file);
  }
}

function textOf(begun: readonly Buffer[], rest: Buffer): string {
  return (begun.length === 0 ? rest : Buffer.concat([...begun, rest])).toString();
}
