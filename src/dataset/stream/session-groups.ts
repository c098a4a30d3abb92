import { UserError } from '../../util/errors.js';
import { mixedInput, repeatedSession } from '../loaders/check-row.js';
import type { Row, RowTurn } from '../loaders/format.js';
import { systemMessageOf } from '../loaders/multi-turn.js';
import type { RowSettings } from '../loaders/row-conversations.js';
import { MAX_CONVERSATION_BYTES } from './conversation-ring.js';
import { SessionIdsSeen } from './session-ids-seen.js';

/** A conversation whose rows were all read. */
export interface GroupedConversation {
  /** By its first row; from 0. */
  readonly index: number;
  /** Number of turns of the conversations before it. */
  readonly firstTurn: number;
  /** Line of its first row. */
  readonly line: number;
  readonly sessionId: string | undefined;
  readonly rows: readonly string[];
  readonly byteLength: number;
  /** Recorded time of each of its turns, ms. */
  readonly timesMs: readonly (number | undefined)[];
}

interface OpenConversation {
  readonly sessionId: string | undefined;
  readonly line: number;
  readonly input: string;
  /** Bytes and rows of the file before its first row. */
  readonly startBytes: number;
  readonly startRows: number;
  readonly rows: string[];
  byteLength: number;
  timesMs: (number | undefined)[];
  /** The first two turns if the first may be a system message. */
  readonly opening: RowTurn[];
}

/** All rows of a session start within this much of the file after its first row. */
export interface SessionWindow {
  readonly bytes: number;
  readonly rows: number;
}

const sessionWindow: SessionWindow = { bytes: 64 * 2 ** 20, rows: 100_000 };
/** The window in words. */
const windowWords = '64 MB and 100,000 rows';
const MAX_SESSIONS = 2 ** 24;

/** Groups the rows of a streamed file into conversations, in the order of their first rows. */
export class SessionGroups {
  readonly #path: string;
  readonly #settings: Pick<RowSettings, 'type' | 'endpointHasSystemSlot'>;
  readonly #sessionKey: string | undefined;
  readonly #window: SessionWindow;
  /** In the order of their first rows; those before `#next` were handed on. */
  #open: OpenConversation[] = [];
  #next = 0;
  readonly #byId = new Map<string, OpenConversation>();
  readonly #over = new SessionIdsSeen();
  #bytes = 0;
  #rows = 0;
  #index = 0;
  #turns = 0;

  /** @param sessionKey each session is one row, and this key its ID. */
  constructor(
    path: string,
    settings: Pick<RowSettings, 'type' | 'endpointHasSystemSlot'>,
    sessionKey?: string,
    window: SessionWindow = sessionWindow,
  ) {
    this.#path = path;
    this.#sessionKey = sessionKey;
    this.#settings = settings;
    this.#window = window;
  }

  /** Conversations that were handed on. */
  get size(): number {
    return this.#index;
  }

  /** Adds the next row. @throws UserError for a row of a session that was handed on, naming its line. */
  add(row: Row, text: string, line: number): void {
    const { sessionId } = row;
    const length = Buffer.byteLength(text);
    let conversation = sessionId === undefined ? undefined : this.#byId.get(sessionId);
    if (conversation === undefined) {
      if (sessionId !== undefined && this.#over.has(sessionId)) throw this.#goesOn(sessionId, line);
      conversation = {
        ...{ sessionId, line, input: row.input, rows: [], byteLength: 0, timesMs: [], opening: [] },
        startBytes: this.#bytes,
        startRows: this.#rows,
      };
      this.#open.push(conversation);
      if (sessionId !== undefined) this.#byId.set(sessionId, conversation);
    }
    if (conversation.input !== row.input) {
      const kinds = { before: conversation.input, here: row.input };
      throw mixedInput({ path: this.#path, lines: [line] }, 0, sessionId, kinds);
    }
    conversation.rows.push(text);
    conversation.byteLength += length;
    if (conversation.byteLength > MAX_CONVERSATION_BYTES) {
      throw new UserError(
        `${this.#path}:${line}: the rows of session ${sessionId} hold more than ${MAX_CONVERSATION_BYTES / 2 ** 20} MiB, the limit for a file that is streamed`,
        'split the session',
      );
    }
    for (const turn of row.turns) {
      if (conversation.timesMs.length < 2) conversation.opening.push(turn);
      conversation.timesMs.push(turn.timestampMs);
    }
    this.#bytes += length;
    this.#rows++;
  }

  /** The next conversation that no row can join any more; undefined: more rows must be read. */
  take(): GroupedConversation | undefined {
    const first = this.#open[this.#next];
    if (first === undefined) return undefined;
    const isOver =
      first.sessionId === undefined ||
      this.#sessionKey !== undefined ||
      this.#bytes - first.startBytes > this.#window.bytes ||
      this.#rows - first.startRows > this.#window.rows;
    return isOver ? this.#handOn(first) : undefined;
  }

  /** The next conversation after the last row of the file. */
  takeRest(): GroupedConversation | undefined {
    const first = this.#open[this.#next];
    return first && this.#handOn(first);
  }

  #handOn({ sessionId, line, rows, byteLength, timesMs, opening }: OpenConversation): GroupedConversation {
    if (++this.#next === this.#open.length || this.#next === 10_000) {
      this.#open = this.#open.slice(this.#next);
      this.#next = 0;
    }
    if (sessionId !== undefined) {
      this.#byId.delete(sessionId);
      if (this.#over.size === MAX_SESSIONS) {
        throw new UserError(
          `${this.#path}:${line}: a file that is streamed has at most ${MAX_SESSIONS} sessions`,
          'split the file',
        );
      }
      this.#over.add(sessionId);
    }
    const { type, endpointHasSystemSlot } = this.#settings;
    const hasSystemTurn =
      type === 'multi_turn' && endpointHasSystemSlot && systemMessageOf(opening) !== undefined;
    const index = this.#index++;
    const firstTurn = this.#turns;
    const sent = hasSystemTurn ? timesMs.slice(1) : timesMs;
    this.#turns += sent.length;
    return { index, firstTurn, line, sessionId, rows, byteLength, timesMs: sent };
  }

  #goesOn(sessionId: string, line: number): UserError {
    const place = { path: this.#path, lines: [line] };
    if (this.#sessionKey !== undefined)
      return repeatedSession(place, 0, `${this.#sessionKey} ${sessionId}`, 'an earlier line');
    return new UserError(
      `${this.#path}:${line}: the session ${sessionId} goes on here, further from its first row than ${windowWords}, the limit for a file that is streamed`,
      'sort the file by session_id, or split it: files of up to 256 MB are read whole',
    );
  }
}
