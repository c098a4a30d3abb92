import type { Conversation, Turn } from '../dataset/conversation.js';
import type { Json, JsonObject } from '../util/json.js';
import type { Failure } from './failure.js';

/** An answered turn of the session: what was sent, and the answer as it enters the history. */
export interface PastTurn {
  readonly turn: Turn;
  readonly answer: AssistantMessage;
}

/** The assistant's message of a live answer. Reasoning is left out whenever there is content. */
export interface AssistantMessage {
  readonly content: string;
  readonly toolCalls?: readonly JsonObject[];
}

/** All that a body is made from. */
export interface BodyRequest {
  readonly conversation: Conversation;
  readonly turn: Turn;
  /** Empty for first and self-contained turns. */
  readonly past: readonly PastTurn[];
}

/** Options that every request of the run shares. */
export interface BodyOptions {
  readonly streaming: boolean;
  readonly extraInputs: JsonObject;
  /** `chat`: send `max_tokens` instead of `max_completion_tokens`. */
  readonly legacyMaxTokens: boolean;
}

/** One of several choices that is not counted. */
export interface OtherChoice {
  readonly index: number;
  /** The unit holds its finish reason. */
  readonly finished: boolean;
}

/** What one answer unit (an event's data, or a whole body) holds. Empty strings and what is absent have no key. */
export interface Chunk {
  readonly text?: string;
  readonly reasoning?: string;
  /** Function names and arguments: generated text that counts as output. */
  readonly toolText?: string;
  /** Pieces of structured tool calls, for the history. */
  readonly toolCalls?: readonly JsonObject[];
  /** A non-empty usage object, as the server sent it. */
  readonly usage?: JsonObject;
  /** Why the server ended the counted choice, in its own word. */
  readonly finishReason?: string;
  /** Other choices that the unit holds a part of. */
  readonly otherChoices?: readonly OtherChoice[];
  /** The content is a whole message, not a piece of one: some servers end a stream with one that repeats all pieces. */
  readonly isWholeMessage?: true;
  /** The server reports in the choice itself that it failed. */
  readonly failure?: Failure;
  /** Paths of fields that look like content and were not read. */
  readonly unread?: readonly string[];
}

/** One API: turn to body, unit to chunk. */
export interface Endpoint {
  readonly path: string;
  readonly canStream: boolean;
  readonly producesTokens: boolean;
  /** The console table's title. */
  readonly title: string;
  /** Keys whose string value may hold a streamed unit's text: where the learned template looks for its gap. */
  readonly textKeys: readonly string[];
  /** The body without stream options and extras. @throws UserError if the endpoint cannot say this turn. */
  body(request: BodyRequest, options: BodyOptions): JsonObject;
  /** Reads an answer unit; undefined when the shape is not this endpoint's. */
  read(unit: Json): Chunk | undefined;
}
