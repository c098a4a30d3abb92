import type { JsonObject } from '../util/json.js';

/** Texts of one turn under a name; the name matters only to endpoints that distinguish texts. */
export interface NamedTexts {
  readonly name: string;
  readonly contents: readonly string[];
}

/** One request of a dataset: the user's side of one exchange. */
export interface Turn {
  readonly role: string;
  readonly texts: readonly NamedTexts[];
  readonly model: string;
  /** Output token cap sent to the server; absent: no cap. */
  readonly maxTokens?: number;
  /** Token count of `texts` if they were generated to a length; absent: not counted yet. */
  readonly inputTokens?: number;
  /** Recorded send time, ms. */
  readonly timestampMs?: number;
  /** Delay between the response of the previous turn and this request, ms. */
  readonly delayMs?: number;
  /** Merged into this request's body, overriding `--extra-inputs`. */
  readonly extra?: JsonObject;
  /** A recorded message array that replaces the texts. */
  readonly messages?: readonly JsonObject[];
  readonly tools?: readonly JsonObject[];
  /** A recorded body that is sent unchanged. */
  readonly payload?: JsonObject;
}

/** An ordered list of turns. One run through it is a session. */
export interface Conversation {
  readonly sessionId: string;
  readonly turns: readonly Turn[];
  /** System text at the front of every request of the conversation. */
  readonly systemMessage?: string;
  /**
   * `live-answers`: request k contains all earlier turns, each followed by the server's response to it, then turn k.
   * `self-contained`: every turn is sent alone.
   */
  readonly history: 'live-answers' | 'self-contained';
}

/** Conversations by index, generated on demand and reproducible; none is kept in memory. */
export interface Dataset {
  /** Number of distinct conversations. */
  readonly size: number;
  /** @param index 0 ≤ index < size. */
  conversation(index: number): Conversation;
}
