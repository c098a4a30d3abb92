import type { Conversation, Dataset } from '../dataset/conversation.js';
import type { Payload } from '../endpoint/payload.js';

/** A conversation, with the payloads of the turns that are the same in every session. */
export interface CachedConversation {
  readonly conversation: Conversation;
  /** By turn; undefined: not cached. */
  readonly payloads: PayloadCache | undefined;
}

/** Where sessions get their conversations from. */
export interface ConversationSource {
  /**
   * @param index of the conversation in the dataset.
   * @param session its number among all sessions of the run.
   * @param firstTurn that it starts with.
   */
  script(index: number, session: number, firstTurn: number): CachedConversation;
}

/** Payloads of one conversation, by turn. */
export interface PayloadCache {
  get(turn: number): Payload | undefined;
  /** Keeps the payload if there is room. */
  keep(turn: number, payload: Payload): void;
}

/** Maximum characters of cached conversations and payloads per thread. */
export const MAX_CHARACTERS = 8_000_000;
/** Conversations with a higher index are never cached. */
const MAX_CONVERSATIONS = 1_000_000;

// How often a conversation was requested before. One that did not fit is not measured again: room never grows.
const NEVER = 0;
const ONCE = 1;
const NO_ROOM = 2;

/**
 * Caches conversations that are requested again: a dataset of a hundred prompts is repeated, and making a short request
 * costs as much as sending it. Conversations of a trace are used once and not cached.
 */
export class ConversationCache implements ConversationSource {
  readonly #dataset: Dataset;
  readonly #asked: Uint8Array;
  readonly #kept = new Map<number, CachedConversation>();
  #characters = 0;

  /**
   * @param sessions maximum of the whole run. If it exceeds the number of conversations, they are cached at their first
   * use, so that they are not made again when the first sessions end together.
   */
  constructor(dataset: Dataset, sessions: number) {
    this.#dataset = dataset;
    this.#asked = new Uint8Array(Math.min(dataset.size, MAX_CONVERSATIONS));
    if (sessions > dataset.size) this.#asked.fill(ONCE);
  }

  /** @param index of the conversation in the dataset. */
  script(index: number): CachedConversation {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const conversation = this.#dataset.conversation(index);
    const isKept = this.#asked[index] === ONCE && this.#takeRoom(JSON.stringify(conversation).length);
    if (!isKept) {
      this.#asked[index] = this.#asked[index] === NEVER ? ONCE : NO_ROOM;
      return { conversation, payloads: undefined };
    }
    const script = { conversation, payloads: this.#payloads() };
    this.#kept.set(index, script);
    return script;
  }

  #payloads(): PayloadCache {
    const payloads: (Payload | undefined)[] = [];
    return {
      get: (turn) => payloads[turn],
      keep: (turn, payload) => {
        if (this.#takeRoom(payload.byteLength)) payloads[turn] = payload;
      },
    };
  }

  #takeRoom(characters: number): boolean {
    if (this.#characters + characters > MAX_CHARACTERS) return false;
    this.#characters += characters;
    return true;
  }
}
