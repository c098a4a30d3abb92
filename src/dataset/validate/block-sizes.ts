/** Which block sizes the lengths and hash IDs of all rows fit. */
export class BlockSizes {
  #least = 1;
  #most = Number.POSITIVE_INFINITY;
  #tokens = 0;
  #covered = 0;
  /** Tokens per ID with which the file is read. */
  readonly blockSize: number;

  constructor(blockSize: number) {
    this.blockSize = blockSize;
  }

  /** A row of so many tokens with so many IDs. */
  add(tokens: number, ids: number): void {
    if (ids === 0) return;
    this.#tokens += tokens;
    this.#covered += Math.min(tokens, ids * this.blockSize);
    // All IDs but the last are whole blocks, and the last is at least one token.
    this.#least = Math.max(this.#least, Math.ceil(tokens / ids));
    if (ids > 1) this.#most = Math.min(this.#most, Math.floor((tokens - 1) / (ids - 1)));
  }

  /** Share of the tokens of rows with IDs that are in one of their blocks. */
  get coveredShare(): number {
    return this.#tokens === 0 ? 0 : this.#covered / this.#tokens;
  }

  /** A block size with which IDs cover every prompt completely: a power of two if one fits; undefined if none does. */
  get fitting(): number | undefined {
    if (this.#least > this.#most) return undefined;
    const power = 2 ** Math.ceil(Math.log2(this.#least));
    return power <= this.#most ? power : this.#least;
  }
}
