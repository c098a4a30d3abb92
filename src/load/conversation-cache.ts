import type { Conversation, Dataset } from '../dataset/conversation.js';
import type { Payload } from '../endpoint/payload.js';

/** A conversation to be played, with the payloads of those of its turns that go out alike every time. */
export interface CachedConversation {
  readonly conversation: Conversation;
  /** By turn; undefined where nothing is kept. */
  readonly payloads: PayloadCache | undefined;
}

/** Payloads of one conversation, by turn. */
export interface PayloadCache {
  get(turn: number): Payload | undefined;
  /** Keeps it, as long as there is room. */
  keep(turn: number, payload: Payload): void;
}

/** Characters of kept conversations and payloads of one thread. */
const MOST_CHARACTERS = 8_000_000;
/** Of larger datasets only the first part is watched for repetition. */
const MOST_KNOWN = 1_000_000;

// How a conversation was asked for before; in vain: it found no room, which never grows, so it is not measured again.
const NEVER = 0;
const ONCE = 1;
const IN_VAIN = 2;

/**
 * Keeps what is asked for again: a dataset of a hundred prompts is played over and over, and making a short request
 * anew costs as much as sending it. A trace, played once, leaves nothing behind.
 */
export class ConversationCache {
  readonly #dataset: Dataset;
  readonly #asked: Uint8Array;
  readonly #kept = new Map<number, CachedConversation>();
  #characters = 0;

  /**
   * @param sessions that may be played in all. Where they are more than the conversations, these are kept from the
   * first time on: what is made before the start is not made again when the first sessions end, all at once.
   */
  constructor(dataset: Dataset, sessions: number) {
    this.#dataset = dataset;
    this.#asked = new Uint8Array(Math.min(dataset.size, MOST_KNOWN));
    if (sessions > dataset.size) this.#asked.fill(ONCE);
  }

  /** @param index of the conversation in the dataset. */
  script(index: number): CachedConversation {
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const conversation = this.#dataset.conversation(index);
    const isKept = this.#asked[index] === ONCE && this.#takeRoom(JSON.stringify(conversation).length);
    if (!isKept) {
      this.#asked[index] = this.#asked[index] === NEVER ? ONCE : IN_VAIN;
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
        if (this.#takeRoom(payload.data.length)) payloads[turn] = payload;
      },
    };
  }

  #takeRoom(characters: number): boolean {
    if (this.#characters + characters > MOST_CHARACTERS) return false;
    this.#characters += characters;
    return true;
  }
}
