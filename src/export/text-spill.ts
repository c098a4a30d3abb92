import { closeSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { openNewFile } from '../util/new-file.js';

/** Where a text is in the file. */
export interface TextPlace {
  readonly start: number;
  readonly bytes: number;
}

const WRITE_AT_BYTES = 1 << 18;

/** A temporary file of texts that are read back in another order than they came in: memory holds only their places. */
export class TextSpill {
  readonly #path: string;
  readonly #file: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0;

  /** @param path of a file that is created, and gone after `close`. @throws the file system's error. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openNewFile(path, 'wx+');
    try {
      // A thread that is ended leaves no file.
      unlinkSync(path);
    } catch {
      // Where an open file cannot be removed, `close` does it.
    }
  }

  /** @throws the file system's error. */
  add(text: string): TextPlace {
    const encoded = Buffer.from(text);
    const place = { start: this.#written + this.#waitingBytes, bytes: encoded.length };
    this.#waiting.push(encoded);
    this.#waitingBytes += encoded.length;
    if (this.#waitingBytes >= WRITE_AT_BYTES) this.#flush();
    return place;
  }

  /** @throws the file system's error. */
  read({ start, bytes }: TextPlace): string {
    this.#flush();
    const text = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; ) {
      const read = readSync(this.#file, text, at, bytes - at, start + at);
      if (read === 0) throw new Error(`${this.#path} is shorter than what was written to it`);
      at += read;
    }
    return text.toString();
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    const all = Buffer.concat(this.#waiting);
    for (let at = 0; at < all.length; ) {
      at += writeSync(this.#file, all, at, all.length - at, this.#written + at);
    }
    this.#written += all.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
