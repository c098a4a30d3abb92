import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '../util/errors.js';
import { openNewFile } from '../util/new-file.js';

// Lines are encoded into one buffer: a new one for every batch takes longer than making the lines.
const BUFFER_BYTES = 1 << 18;

// A symbolic link is not followed; Windows knows no such flag.
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/**
 * A file of lines. A failure is told once, and nothing more is written then; the file ends with a whole line.
 */
export class LineFile {
  readonly #path: string | undefined;
  readonly #onTrouble: (message: string) => void;
  readonly #buffer: Buffer;
  #filled = 0;
  #file: number | undefined = undefined;

  /**
   * @param path undefined: there is no file, and lines go nowhere.
   * @param append writes at its end; else the file is replaced.
   */
  constructor(path: string | undefined, onTrouble: (message: string) => void, append = false) {
    this.#path = path;
    this.#onTrouble = onTrouble;
    this.#buffer = Buffer.allocUnsafeSlow(path === undefined ? 0 : BUFFER_BYTES);
    if (path === undefined) return;
    this.#attempt(() => {
      this.#file = append ? openSync(path, APPEND) : openNewFile(path);
    });
  }

  /** Lines that are added are written, as far as is known. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** @param line with its line feed. It is in the file after `flush` at the latest. */
  add(line: string): void {
    if (this.#file === undefined) return;
    // A UTF-16 unit is at most three bytes.
    const most = 3 * line.length;
    if (this.#filled + most > this.#buffer.length) this.flush();
    if (most > this.#buffer.length) this.#write(Buffer.from(line));
    else this.#filled += this.#buffer.write(line, this.#filled);
  }

  flush(): void {
    const lines = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    if (lines.length > 0) this.#write(lines);
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(lines: Buffer): void {
    const file = this.#file;
    if (file !== undefined) this.#attempt(() => writeAll(file, lines));
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#file = undefined;
      this.#onTrouble(`${this.#path} could not be written any further: ${messageOf(thrown)}`);
    }
  }
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
