import type { JsonObject } from '../util/json.js';

/** Texts of one turn under a name; the name matters only to endpoints that distinguish texts. */
export interface NamedTexts {
  readonly name: string;
  readonly contents: readonly string[];
}

/** Kinds of media, in the order in which requests hold them. */
export const mediaKinds = ['image', 'audio', 'video'] as const;

export type MediaKind = (typeof mediaKinds)[number];

/** An image, a sound or a video of a turn. */
export interface MediaItem {
  readonly kind: MediaKind;
  /** As of texts. */
  readonly name: string;
  /** By which servers cache an image; then its value may be ''. */
  readonly uuid?: string;
  /**
   * A URL, a data URL, or `<format>,<base64>` for audio. Made on demand: it may be megabytes long.
   * @throws UserError if its file has changed since the dataset was checked.
   */
  value(): string;
  /** The same as ASCII bytes, which may be shared: do not change them. Absent for a URL. */
  ascii?(): Uint8Array;
  /** Length of audio; undefined if not known. */
  seconds(): number | undefined;
}

/** One request of a dataset: the user's side of one exchange. */
export interface Turn {
  readonly role: string;
  readonly texts: readonly NamedTexts[];
  /** Generated prompts as token IDs, sent in place of texts; absent: none. */
  readonly tokenIds?: readonly number[][];
  /** Images, then audio, then videos; absent: none. */
  readonly media?: readonly MediaItem[];
  readonly model: string;
  /** Output token cap sent to the server; absent: no cap. */
  readonly maxTokens?: number;
  /** Token count of `texts` or `tokenIds` if they were generated to a length; absent: not counted yet. */
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
  /** A user message before the first turn, in every request of the conversation. */
  readonly contextMessage?: string;
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
