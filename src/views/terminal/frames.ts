import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

const beginUpdate = '\u001b[?2026h';
const endUpdate = '\u001b[?2026l';

/**
 * What Ink draws on: it takes whole frames and writes the rows that have changed to the terminal, each at its place.
 * Ink's own writer cannot fill a screen: at its full height it clears the terminal for each frame, with what has
 * scrolled off, and below it `incrementalRendering` of 6.8.0 is off by a row.
 */
export class Frames extends Writable {
  readonly #terminal: WriteStream;
  /** What each row shows. */
  #rows: readonly string[] = [];

  constructor(terminal: WriteStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** The terminal shows something else: the next frame is written in full. */
  forget(): void {
    this.#rows = [];
  }

  override _write(frame: string, _encoding: BufferEncoding, done: () => void): void {
    const rows = frame.split('\n').slice(0, this.rows);
    const count = Math.max(rows.length, this.#rows.length);
    let changes = '';
    for (let row = 0; row < count; row++) {
      const text = rows[row] ?? '';
      // Erased first: after a row of full width, the cursor is still on its last character.
      if (text !== this.#rows[row]) changes += `\u001b[${row + 1};1H\u001b[K${text}`;
    }
    if (changes !== '') this.#terminal.write(beginUpdate + changes + endUpdate);
    this.#rows = rows;
    done();
  }
}
