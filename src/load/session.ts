import type { Conversation, Turn } from '../dataset/conversation.js';
import type { AssistantMessage, BodyOptions, Endpoint, PastTurn } from '../endpoint/endpoint.js';
import { makePayload, type Payload } from '../endpoint/payload.js';
import type { RequestTarget } from '../endpoint/url.js';
import type { CachedConversation, PayloadCache } from './conversation-cache.js';
import type { SessionTree } from './session-tree.js';

interface SessionOptions {
  readonly number: number;
  readonly script: CachedConversation;
  readonly correlationId: string;
  readonly target: RequestTarget;
  /** Turns to send, by number within the conversation; absent: all. */
  readonly played?: ArrayLike<number> | undefined;
  /** Its place in a conversation graph; absent: the conversation is all of the session. */
  readonly agent?: {
    readonly tree: SessionTree;
    /** Number of its first turn in the graph. */
    readonly firstTurn: number;
    /** The history that it starts with. */
    readonly past: PastTurn[];
  };
}

/** One pass through a conversation, always at the same server. */
export class Session {
  /** Its number among all sessions of the run. */
  readonly number: number;
  readonly conversation: Conversation;
  readonly correlationId: string;
  readonly target: RequestTarget;
  /** Of a conversation graph, one of whose agents this is; undefined: no other agents take part. */
  readonly tree: SessionTree | undefined;
  readonly #firstTurn: number;
  readonly #payloads: PayloadCache | undefined;
  /** Turns to send, by number within the conversation; undefined: all. */
  readonly #played: ArrayLike<number> | undefined;
  #place = 0;
  readonly #past: PastTurn[];
  #prepared: Payload | undefined = undefined;

  constructor({ number, script, correlationId, target, played, agent }: SessionOptions) {
    this.number = number;
    this.conversation = script.conversation;
    this.#payloads = script.payloads;
    this.correlationId = correlationId;
    this.target = target;
    this.#played = played;
    this.tree = agent?.tree;
    this.#firstTurn = agent?.firstTurn ?? 0;
    this.#past = agent?.past ?? [];
  }

  /** Number of the next turn within the conversation. */
  get turnIndex(): number {
    return this.#played === undefined ? this.#place : (this.#played[this.#place] ?? -1);
  }

  /** The same over all agents of the session. */
  get turnNumber(): number {
    return this.#firstTurn + this.turnIndex;
  }

  /** The next turn; undefined after the last. */
  get turn(): Turn | undefined {
    return this.conversation.turns[this.turnIndex];
  }

  get isLastTurn(): boolean {
    return this.#place === (this.#played ?? this.conversation.turns).length - 1;
  }

  /** No other request of the session follows the next turn; of several agents, none that is still to return. */
  get isFinalTurn(): boolean {
    return this.tree === undefined ? this.isLastTurn : this.tree.isReturningLast;
  }

  /** Earlier turns that were answered; requests repeat them before the next turn. */
  get past(): readonly PastTurn[] {
    return this.#past;
  }

  /** Makes the payload of the next turn before it is due. @throws UserError if the endpoint cannot send it */
  prepare(endpoint: Endpoint, options: BodyOptions): void {
    this.#prepared = this.#payload(endpoint, options);
  }

  /**
   * The payload of the next turn: prepared before, kept from an earlier session, or made now.
   * @throws UserError if the endpoint cannot send the turn
   */
  takePayload(endpoint: Endpoint, options: BodyOptions): Payload {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    return prepared ?? this.#payload(endpoint, options);
  }

  #payload(endpoint: Endpoint, options: BodyOptions): Payload {
    const { conversation, turn, turnNumber, past } = this;
    if (turn === undefined) throw new Error('a session without a turn left was sent');
    // A payload with history depends on earlier answers.
    const payloads = past.length === 0 ? this.#payloads : undefined;
    const kept = payloads?.get(turnNumber);
    if (kept !== undefined) return kept;
    const follows = (this.#place > 0 || past.length > 0) && conversation.history === 'live-answers';
    const payload = makePayload(endpoint, { conversation, turn, past, follows }, options);
    payloads?.keep(turnNumber, payload);
    return payload;
  }

  /**
   * Advances to the next turn. Chat templates refuse two user messages in a row, so a turn without an answer is left
   * out of the history.
   * @param answer absent after a failed, cancelled or empty turn.
   */
  turnReturned(answer: AssistantMessage | undefined): void {
    const turn = this.turn;
    if (turn && answer && this.conversation.history === 'live-answers') this.#past.push({ turn, answer });
    this.#place++;
  }
}
