import { Column, type ColumnData, ListColumn, type ListColumnData } from './column.js';

/** Place of a request in its session. */
export interface SessionPlace {
  /** Of the session, over all its agents. */
  readonly session: string;
  /** Of the agent that sent it; the session's own id where it has one agent. */
  readonly agent: string;
  /** From 0, within the agent. */
  readonly turn: number;
  /** No other request of the session follows. */
  readonly isLast: boolean;
  /** Undefined where no request of another agent can wait for it. */
  readonly requestId: string | undefined;
  /** Request ids of the turns of other agents that it waited for. */
  readonly waitsFor: readonly string[];
}

/** Columns on their way to another thread: plain data. */
export interface SessionRowsData {
  readonly numbers: readonly ColumnData[];
  readonly waits: ListColumnData;
}

/** Which session each request belongs to: ids as hashes of 53 bits. Requests that are all of their session have no row. */
export class SessionRows {
  readonly #session: Column;
  readonly #agent: Column;
  readonly #turn: Column;
  readonly #isLast: Column;
  readonly #request: Column;
  readonly #waits: ListColumn;

  constructor(data?: SessionRowsData) {
    const [session, agent, turn, isLast, request] = data?.numbers ?? [];
    this.#session = new Column(session);
    this.#agent = new Column(agent);
    this.#turn = new Column(turn);
    this.#isLast = new Column(isLast);
    this.#request = new Column(request);
    this.#waits = new ListColumn(data?.waits);
  }

  get data(): SessionRowsData {
    const columns = [this.#session, this.#agent, this.#turn, this.#isLast, this.#request];
    return { numbers: columns.map(({ data }) => data), waits: this.#waits.data };
  }

  /** Number of requests of sessions with several. */
  get count(): number {
    return this.#session.count;
  }

  add(row: number, { session, agent, turn, isLast, requestId, waitsFor }: SessionPlace): void {
    this.#session.set(row, hashOf(session));
    this.#turn.set(row, turn);
    this.#isLast.set(row, isLast ? 1 : 0);
    if (agent !== session) this.#agent.set(row, hashOf(agent));
    if (requestId !== undefined) this.#request.set(row, hashOf(requestId));
    if (waitsFor.length > 0) this.#waits.set(row, Float64Array.from(waitsFor, hashOf));
  }

  /** Takes over the place of a row of another table. */
  copy(from: SessionRows, fromRow: number, row: number): void {
    const pairs = [
      [from.#session, this.#session],
      [from.#agent, this.#agent],
      [from.#turn, this.#turn],
      [from.#isLast, this.#isLast],
      [from.#request, this.#request],
    ] as const;
    for (const [source, target] of pairs) {
      const value = source.at(fromRow);
      if (!Number.isNaN(value)) target.set(row, value);
    }
    const waits = from.#waits.at(fromRow);
    if (waits.length > 0) this.#waits.set(row, waits);
  }

  /** NaN for a request that is all of its session. */
  session(row: number): number {
    return this.#session.at(row);
  }

  agent(row: number): number {
    const agent = this.#agent.at(row);
    return Number.isNaN(agent) ? this.#session.at(row) : agent;
  }

  turn(row: number): number {
    return this.#turn.at(row);
  }

  isLast(row: number): boolean {
    return this.#isLast.at(row) === 1;
  }

  /** NaN where no other request can wait for it by name. */
  request(row: number): number {
    return this.#request.at(row);
  }

  waits(row: number): Float64Array {
    return this.#waits.at(row);
  }
}

/** FNV-1a over two halves, 53 bits in all: among a million sessions, two share one with a chance of 1 in 18,000. */
function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (low >>> 13);
  }
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}
