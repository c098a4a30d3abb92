import type { JsonObject } from '../util/json.js';

/** Texts of one turn that belong together; the name matters only to endpoints that tell texts apart. */
export interface NamedTexts {
  readonly name: string;
  readonly contents: readonly string[];
}

/** One request to be made, as the dataset says it: the user's part of one exchange. */
export interface Turn {
  readonly role: string;
  readonly texts: readonly NamedTexts[];
  readonly model: string;
  /** Output token cap sent to the server; absent: no cap is sent. */
  readonly maxTokens?: number;
  /** Tokens of `texts`, known where the text was made to a length; absent: to be counted. */
  readonly inputTokens?: number;
  /** Recorded send time, ms. */
  readonly timestampMs?: number;
  /** Wait between the return of the previous turn and this one, ms. */
  readonly delayMs?: number;
  /** Merged into this request's body, over `--extra-inputs`. */
  readonly extra?: JsonObject;
  /** A recorded message array that replaces the texts. */
  readonly messages?: readonly JsonObject[];
  readonly tools?: readonly JsonObject[];
  /** A recorded body that is sent as it is. */
  readonly payload?: JsonObject;
}

/** What to say: an ordered list of turns. One playing of it is a session. */
export interface Conversation {
  readonly sessionId: string;
  readonly turns: readonly Turn[];
  /** System text sent in front of every request of the conversation. */
  readonly systemMessage?: string;
  /**
   * `live-answers`: request k sends all earlier turns, each followed by the answer it got, then turn k.
   * `self-contained`: every turn goes out alone.
   */
  readonly history: 'live-answers' | 'self-contained';
}

/** Conversations by number. Made when asked for, always the same for the same number: nothing is held. */
export interface Dataset {
  /** Number of distinct conversations. */
  readonly size: number;
  /** @param index 0 ≤ index < size. */
  conversation(index: number): Conversation;
}
