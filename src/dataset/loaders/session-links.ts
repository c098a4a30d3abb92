import { type Row, RowError } from './format.js';

/** The sessions of rows that name the row before them; rows must be passed in file order. Keeps an ID for each row. */
export class SessionLinks {
  readonly #sessions = new Map<string, string>();
  readonly #missing = new Set<string>();

  /**
   * The session of a row, undefined if it is one of its own. A row whose predecessor is not in the file begins a session.
   * @throws RowError if an earlier row should have followed this one.
   */
  sessionOf({ sessionId, link }: Pick<Row, 'sessionId' | 'link'>): string | undefined {
    if (link === undefined) return sessionId;
    const { id } = link;
    const parent = link.parent === id ? undefined : link.parent;
    if (this.#missing.has(id)) {
      throw new RowError(`row ${id} comes after a row that continues it: sort the file by time`);
    }
    const session = parent === undefined ? undefined : this.#sessions.get(parent);
    if (parent !== undefined && session === undefined) this.#missing.add(parent);
    this.#sessions.set(id, session ?? id);
    return session ?? id;
  }
}
