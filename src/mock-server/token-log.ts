import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';

/** A line of the token log: when a request arrived and its tokens were sent, ns of CLOCK_MONOTONIC. */
export interface TokenLogLine {
  /** The request's `X-Request-ID`, or null. */
  readonly request_id: string | null;
  readonly received_ns: number;
  /** When it got its slot: its first token is due `ttft` later. */
  readonly started_ns: number;
  /** Per token, the time just before the write that sent it. */
  readonly token_ns: readonly number[];
}

// Writes use the thread pool: a megabyte at a time keeps both memory and calls low.
const bufferCharacters = 1_048_576;

/** Logs send times without waiting for the disk. */
export class TokenLog {
  readonly #file: WriteStream;
  #lines: string[] = [];
  #characters = 0;

  private constructor(file: WriteStream) {
    this.#file = file;
  }

  /** @throws the system's error if the file cannot be created. */
  static async open(path: string): Promise<TokenLog> {
    const file = createWriteStream(path);
    await once(file, 'open');
    return new TokenLog(file);
  }

  add(line: TokenLogLine): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#characters += text.length;
    if (this.#characters >= bufferCharacters) this.#flush();
  }

  async close(): Promise<void> {
    this.#flush();
    this.#file.end();
    await once(this.#file, 'close');
  }

  #flush(): void {
    this.#file.write(this.#lines.join(''));
    this.#lines = [];
    this.#characters = 0;
  }
}
