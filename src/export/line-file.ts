import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { MeasuredRecord } from '../collect/record-processor.js';
import type { Sink } from '../collect/sink.js';
import type { PhaseName } from '../records/record.js';
import { messageOf } from '../util/errors.js';
import { openNewFile } from '../util/new-file.js';
import type { RecordContext } from './record-metadata.js';

// Lines are encoded into one buffer: a new one for every batch takes longer than making the lines.
const BUFFER_BYTES = 1 << 18;

// A symbolic link is not followed; Windows knows no such flag.
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/** A file of lines. It ends with a whole line, also where one cannot be written; nothing more is written then. */
export class LineFile {
  readonly #path: string;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #filled = 0;
  #file: number | undefined;

  /** @param append writes at its end; else the file is replaced. @throws Error saying which file cannot be written. */
  constructor(path: string, append = false) {
    this.#path = path;
    this.#file = this.#attempt(() => (append ? openSync(path, APPEND) : openNewFile(path)));
  }

  /** @param line with its line feed. It is in the file after `flush` at the latest. @throws Error as the constructor. */
  add(line: string): void {
    // A UTF-16 unit is at most three bytes.
    const most = 3 * line.length;
    if (this.#filled + most > this.#buffer.length) this.flush();
    if (most > this.#buffer.length) this.#write(Buffer.from(line));
    else this.#filled += this.#buffer.write(line, this.#filled);
  }

  /** @throws Error as the constructor. */
  flush(): void {
    const lines = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    if (lines.length > 0) this.#write(lines);
  }

  /** @throws Error as the constructor. */
  close(): void {
    this.flush();
    this.#close();
  }

  #write(lines: Buffer): void {
    const file = this.#file;
    if (file !== undefined) this.#attempt(() => writeAll(file, lines));
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #attempt<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (thrown) {
      this.#close();
      throw new Error(`${this.#path} could not be written any further: ${messageOf(thrown)}`);
    }
  }
}

export interface RecordFileOptions {
  /** Undefined: lines are made and go nowhere. */
  readonly path: string | undefined;
  readonly append: boolean;
  readonly contexts: Readonly<Record<PhaseName, RecordContext>>;
}

/** A sink that writes the line of each record that has one. @throws Error as the constructor of `LineFile`. */
export function lineSink(
  { path, append }: Pick<RecordFileOptions, 'path' | 'append'>,
  lineOf: (measured: MeasuredRecord) => string | undefined,
): Sink {
  const file = path === undefined ? undefined : new LineFile(path, append);
  return {
    onRecord(measured) {
      const line = lineOf(measured);
      if (line !== undefined) file?.add(line);
    },
    flush: () => file?.flush(),
    onEnd: () => file?.close(),
  };
}

/** Writes lines; where not all fit, those that do. @throws the system's error then. */
function writeAll(file: number, lines: Buffer): void {
  let at = 0;
  try {
    while (at < lines.length) at += writeSync(file, lines, at);
  } catch (thrown) {
    const whole = at === 0 ? 0 : lines.lastIndexOf('\n', at - 1) + 1;
    if (whole < at) ftruncateSync(file, fstatSync(file).size - (at - whole));
    throw thrown;
  }
}
