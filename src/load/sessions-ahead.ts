import type { MessagePort } from 'node:worker_threads';
import type { Conversation } from '../dataset/conversation.js';
import { type PostedPayload, receivePayload } from '../endpoint/posted-payload.js';
import type { CachedConversation } from './conversation-cache.js';

/** A session whose first request is to be made ahead. */
export interface WantedSession {
  /** Its number among all sessions of the run. */
  readonly number: number;
  /** Index of its conversation in the dataset. */
  readonly conversation: number;
  /** Its first turn, as an index within the conversation. */
  readonly turn: number;
}

/** The answer to a wanted session. */
export interface PreparedSession extends WantedSession {
  /** Undefined if this is left to the load thread: a turn with media, or one that the endpoint cannot send. */
  readonly made: { readonly conversation: Conversation; readonly payload: PostedPayload } | undefined;
  /** Memory that it takes, approximately. */
  readonly bytes: number;
}

/** Maximum bytes of first requests that wait to be due, over all load threads. */
const MAX_BYTES = 32_000_000;
// Enough to keep the preparation thread busy while messages travel.
const MAX_WANTED = 8;

/**
 * First requests of a load thread's next sessions, made by the preparation thread before they are due: a prompt of
 * 12,000 tokens takes a millisecond. A session that is due before it arrived is made by the load thread.
 */
export class SessionsAhead {
  readonly #port: MessagePort;
  readonly #maxBytes: number;
  readonly #ready = new Map<number, PreparedSession>();
  /** Numbers being made that are still wanted. */
  readonly #wanted = new Set<number>();
  /** Number of sessions being made. */
  #inPreparation = 0;
  #readyBytes = 0;
  #next: () => WantedSession | undefined = () => undefined;
  #filling: NodeJS.Immediate | undefined = undefined;

  /** @param threads that share the maximum. */
  constructor(port: MessagePort, threads: number) {
    this.#port = port;
    this.#maxBytes = MAX_BYTES / threads;
    port.on('message', (prepared: PreparedSession) => this.#receive(prepared));
  }

  /** @param next gives the sessions to prepare in the order in which they are due; undefined: none are left. */
  begin(next: () => WantedSession | undefined): void {
    this.end();
    this.#next = next;
    this.#fill();
  }

  /** The conversation of a session with its first payload, once; undefined if it has not arrived or cannot be made. */
  take(number: number): CachedConversation | undefined {
    this.#filling ??= setImmediate(this.#fill);
    this.#wanted.delete(number);
    const prepared = this.#ready.get(number);
    if (prepared === undefined) return undefined;
    this.#ready.delete(number);
    this.#readyBytes -= prepared.bytes;
    const { made } = prepared;
    if (made === undefined) return undefined;
    const payload = receivePayload(made.payload);
    return {
      conversation: made.conversation,
      payloads: { get: (turn) => (turn === prepared.turn ? payload : undefined), keep: () => {} },
    };
  }

  /** Drops everything that is prepared. */
  end(): void {
    this.#next = () => undefined;
    clearImmediate(this.#filling);
    this.#filling = undefined;
    this.#wanted.clear();
    this.#ready.clear();
    this.#readyBytes = 0;
  }

  close(): void {
    this.end();
    this.#port.close();
  }

  #receive(prepared: PreparedSession): void {
    this.#inPreparation--;
    // Those that were not made wait, too: otherwise the whole schedule would be gone through at once.
    if (this.#wanted.delete(prepared.number)) {
      this.#ready.set(prepared.number, prepared);
      this.#readyBytes += prepared.bytes;
    }
    this.#fill();
  }

  readonly #fill = (): void => {
    this.#filling = undefined;
    const wanted: WantedSession[] = [];
    while (this.#inPreparation < MAX_WANTED && this.#readyBytes < this.#maxBytes) {
      const session = this.#next();
      if (session === undefined) break;
      this.#inPreparation++;
      this.#wanted.add(session.number);
      wanted.push(session);
    }
    if (wanted.length > 0) this.#port.postMessage(wanted);
  };
}
