import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, UserError } from '../util/errors.js';

/**
 * A temporary file for data that exceeds memory. It is unlinked once opened, so a killed program leaves nothing behind.
 */
export class TemporaryFile {
  readonly #folder = tmpdir();
  readonly #file: number;
  #bytes = 0;

  /** @throws UserError if the temporary folder is not writable. */
  constructor() {
    const path = join(this.#folder, `aiperf-${randomUUID()}`);
    try {
      this.#file = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** @throws UserError if the disk is full. */
  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        const written = writeSync(this.#file, bytes, done, bytes.length - done, this.#bytes);
        done += written;
        this.#bytes += written;
      }
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** Fills `into` from this offset. */
  read(into: Uint8Array, from: number): void {
    for (let done = 0; done < into.length; ) {
      const read = readSync(this.#file, into, done, into.length - done, from + done);
      if (read === 0) throw new Error(`temporary file of ${this.#bytes} bytes ends at ${from + done}`);
      done += read;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #unwritable(error: unknown): UserError {
    const megabytes = Math.ceil(this.#bytes / 1e6);
    return new UserError(
      `cannot write a temporary file in ${this.#folder} after ${megabytes} MB: ${messageOf(error)}`,
      'set TMPDIR to a folder on a disk with more room: up to 16 bytes are needed for each block of the trace',
    );
  }
}
