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
  /** Delay between the response of the previous turn, or the last turn that it waits for, and this request, ms. */
  readonly delayMs?: number;
  /** Turns of other agents that must return first, by their number in the conversation graph; absent: none. */
  readonly waitsFor?: readonly number[];
  /** Merged into this request's body, overriding `--extra-inputs`. */
  readonly extra?: JsonObject;
  /** Recorded messages that replace the texts: the whole array if the turn is self-contained, else what it adds. */
  readonly messages?: readonly JsonObject[];
  readonly tools?: readonly JsonObject[];
  /** A recorded body that is sent unchanged. */
  readonly payload?: JsonObject;
}

/** An ordered list of turns, sent one after another by one agent. */
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
  /**
   * Further agents of a conversation graph, in the order in which they are numbered; absent: there are none. The agents
   * of one session run in parallel, as far as their turns do not wait for each other. Turns are numbered over all
   * agents: those of the conversation itself, then those of each agent.
   */
  readonly agents?: readonly Agent[];
}

/** An agent that another one starts. */
export interface Agent extends Omit<Conversation, 'agents'> {
  /** Number of the agent that starts it; 0 is the conversation itself, its first agent has number 1. */
  readonly parent: number;
  /** The turn after which it starts with the whole history of its parent; absent: it starts without history. */
  readonly forkOf?: number;
}

/** All agents of a conversation: itself, then those that it starts. */
export function agentsOf(conversation: Conversation): readonly Conversation[] {
  return conversation.agents === undefined ? [conversation] : [conversation, ...conversation.agents];
}

/** Conversations by index, generated on demand and reproducible; none is kept in memory. */
export interface Dataset {
  /** Number of distinct conversations. */
  readonly size: number;
  /** @param index 0 ≤ index < size. */
  conversation(index: number): Conversation;
}
