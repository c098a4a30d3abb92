import { messageOf } from '../../util/errors.js';

/** Problems of a file: all are counted, the first are kept. */
export class Problems {
  readonly #keep: number;
  readonly #kept: { place: string; line: number; text: string }[] = [];
  count = 0;

  /** @param keep how many are kept. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  add(path: string, line: number, text: string): void {
    this.count++;
    if (this.#kept.length < this.#keep) this.#kept.push({ place: `${path}:${line}`, line, text });
  }

  /** In the order in which they were found. */
  get kept(): readonly { readonly place: string; readonly line: number; readonly text: string }[] {
    return this.#kept;
  }
}

/** Where an error about a file says that it is, else at the line given; and its text without the place. */
export function placed(
  error: unknown,
  path: string,
  line: number,
): { readonly path: string; readonly line: number; readonly text: string } {
  const message = messageOf(error);
  const [, named, at, problem] = /^(.+?):(\d+): ([\s\S]*)$/.exec(message) ?? [];
  if (named?.startsWith(path)) return { path: named, line: Number(at), text: problem ?? message };
  const isAboutFile = message.startsWith(`${path} `);
  return { path, line, text: isAboutFile ? `the file${message.slice(path.length)}` : message };
}

/** Remarks about rows that can be sent: each text once, with its first place and its number. */
export class Notes {
  readonly #notes = new Map<string, { first: string; rows: number }>();

  add(text: string, place: string): void {
    const note = this.#notes.get(text);
    if (note !== undefined) note.rows++;
    else if (this.#notes.size < MAX_NOTES) this.#notes.set(text, { first: place, rows: 1 });
  }

  get all(): readonly { readonly text: string; readonly first: string; readonly rows: number }[] {
    return [...this.#notes].map(([text, note]) => ({ text, ...note }));
  }
}

/** Texts that name a value of the row may be as many as rows. */
const MAX_NOTES = 20;
