/** What can single out a row, as columns of 16 bytes a row. */
export class RowColumns {
  #size = 0;
  #cells = new Int32Array(4 * 1024);
  readonly #conversations = new Map<string, number>();

  get size(): number {
    return this.#size;
  }

  /** Adds a row. @param conversation undefined: the row is in none. */
  add(line: number, inputLength: number, outputLength: number, conversation: string | undefined): void {
    if (4 * this.#size === this.#cells.length) {
      const larger = new Int32Array(2 * this.#cells.length);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells.set([line, inputLength, outputLength, this.#indexOf(conversation)], 4 * this.#size);
    this.#size++;
  }

  line(row: number): number {
    return this.#cells[4 * row] ?? 0;
  }

  /** Tokens; -1: the row has none. */
  inputLength(row: number): number {
    return this.#cells[4 * row + 1] ?? 0;
  }

  outputLength(row: number): number {
    return this.#cells[4 * row + 2] ?? 0;
  }

  /** Index of the conversation; -1: the row is in none. */
  conversation(row: number): number {
    return this.#cells[4 * row + 3] ?? 0;
  }

  #indexOf(conversation: string | undefined): number {
    if (conversation === undefined) return -1;
    const known = this.#conversations.get(conversation);
    if (known !== undefined) return known;
    this.#conversations.set(conversation, this.#conversations.size);
    return this.#conversations.size - 1;
  }
}
