/*
 * Parquet's hybrid of run lengths and bit packing, https://parquet.apache.org/docs/file-format/data-pages/encodings/:
 *
 *   run     varint (rows << 1) · value in whole bytes
 *   packed  varint (groups of 8 rows << 1 | 1) · values in `bitWidth` bits each, least significant bit first
 */

/** Shorter runs are packed. */
const LEAST_RUN = 8;

/** Writes values in this form, from runs of equal ones. */
export class HybridWriter {
  readonly #bitWidth: number;
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;
  /** Values to be packed: whole groups, and the beginning of one more. */
  #packed = new Int32Array(1024);
  #waiting = 0;

  /** @param bitWidth of the largest value, at most 24. */
  constructor(bitWidth: number) {
    this.#bitWidth = bitWidth;
  }

  add(value: number, rows: number): void {
    // Only the last group may be filled up with what is no value.
    const missing = -this.#waiting & (LEAST_RUN - 1);
    const joined = rows - Math.min(rows, missing) < LEAST_RUN ? rows : missing;
    if (joined > 0) this.#wait(value, joined);
    if (joined === rows) return;
    this.#pack();
    this.#varint((rows - joined) << 1);
    for (let bits = 0; bits < this.#bitWidth; bits += 8) this.#bytes[this.#at++] = value >>> bits;
  }

  /** All that was added. */
  end(): Buffer {
    this.#pack();
    return this.#bytes.subarray(0, this.#at);
  }

  #wait(value: number, rows: number): void {
    const end = this.#waiting + rows;
    if (end > this.#packed.length) {
      const larger = new Int32Array(2 * this.#packed.length);
      larger.set(this.#packed);
      this.#packed = larger;
    }
    for (let i = this.#waiting; i < end; i++) this.#packed[i] = value;
    this.#waiting = end;
  }

  #pack(): void {
    const groups = Math.ceil(this.#waiting / 8);
    // Room for this and for a run behind it.
    this.#reserve(groups * this.#bitWidth + 32);
    if (groups === 0) return;
    this.#varint((groups << 1) | 1);
    const packed = this.#packed.fill(0, this.#waiting, groups * 8);
    const bytes = this.#bytes;
    let at = this.#at;
    let buffer = 0;
    let bits = 0;
    for (let i = 0; i < groups * 8; i++) {
      buffer |= (packed[i] as number) << bits;
      for (bits += this.#bitWidth; bits >= 8; bits -= 8) {
        bytes[at++] = buffer;
        buffer >>>= 8;
      }
    }
    this.#at = at;
    this.#waiting = 0;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }
}
