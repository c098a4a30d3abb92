/** Finds the end of a body in chunked transfer coding, split at any byte. Bytes are not changed. */
export class ChunkScanner {
  readonly #onData: (bytes: Buffer, start: number, end: number) => void;
  #state: 'size' | 'extension' | 'data' | 'data end' | 'trailer' | 'done' = 'size';
  #size = 0;
  #digits = 0;
  #lineBytes = 0;

  /** @param onData is called with the content of chunks. */
  constructor(onData: (bytes: Buffer, start: number, end: number) => void) {
    this.#onData = onData;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** @returns the position after the body if it ends in `bytes[start, end)`, else `end`. @throws Error if malformed. */
  feed(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#state !== 'done') {
      if (this.#state === 'data') {
        const to = Math.min(end, at + this.#size);
        this.#onData(bytes, at, to);
        this.#size -= to - at;
        at = to;
        if (this.#size === 0) this.#state = 'data end';
      } else {
        this.#takeByte(bytes[at] ?? 0);
        at++;
      }
    }
    return at;
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case 'size': {
        const digit = digitOf(byte);
        if (digit !== undefined) {
          this.#size = 16 * this.#size + digit;
          if (++this.#digits > MOST_DIGITS) throw new Error('a chunk is too large');
          return;
        }
        if (this.#digits === 0) throw new Error('a chunk has no size');
        this.#state = 'extension';
        this.#takeByte(byte);
        return;
      }
      case 'extension':
        if (byte === LF) this.#endSize();
        return;
      case 'data end':
        if (byte === LF) this.#beginChunk();
        else if (byte !== CR) throw new Error('a chunk is longer than its size');
        return;
      case 'trailer':
        if (byte === LF) {
          if (this.#lineBytes === 0) this.#state = 'done';
          this.#lineBytes = 0;
        } else if (byte !== CR) {
          this.#lineBytes++;
        }
    }
  }

  #endSize(): void {
    this.#state = this.#size === 0 ? 'trailer' : 'data';
    this.#lineBytes = 0;
  }

  #beginChunk(): void {
    this.#state = 'size';
    this.#size = 0;
    this.#digits = 0;
  }
}

const CR = 0x0d;
const LF = 0x0a;
/** 13 hexadecimal digits stay below 2^53. */
const MOST_DIGITS = 13;

function digitOf(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
