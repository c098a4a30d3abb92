import type { JsonObject } from '../../util/json.js';
import type { Refusal } from '../refusal.js';
import type { Dialect } from '../settings.js';

export type FinishReason = 'stop' | 'length';

/** Metadata repeated in every chunk of a response. */
export interface AnswerName {
  readonly id: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
}

export interface UsageCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Undefined: not reported. */
  readonly cachedTokens: number | undefined;
  readonly reasoningTokens: number;
}

/** The pieces of a stream, already framed for chunked transfer encoding. */
export interface StreamText {
  /** Sent just before the first token; may be empty. */
  readonly opening: string;
  /**
   * A chunk of text; letters and spaces only, because it is not escaped.
   * @param usage so far, where every chunk reports it.
   */
  content(text: string, usage?: UsageCounts): string;
  reasoning(text: string, usage?: UsageCounts): string;
  /** The last chunk of text, and the end of the stream. */
  last(text: string, isReasoning: boolean, reason: FinishReason, usage: UsageCounts | undefined): string;
}

/** All text of a response that is sent as a whole; letters and spaces only. */
export interface WholeText {
  readonly content: string;
  readonly reasoning: string | undefined;
}

/** How the responses of one API look. */
export interface AnswerForm {
  /** Start of every response's id. */
  readonly idPrefix: string;
  /** Its responses hold generated tokens; else they are sent as a whole when the first token would be. */
  readonly generates: boolean;
  /** Content type of a stream; absent: an event stream. */
  readonly streamType?: string;
  /** Its responses may start with reasoning. */
  readonly reasons: boolean;
  /** @throws Error where the API does not stream. */
  stream(dialect: Dialect, name: AnswerName, usage: UsageCounts | undefined): StreamText;
  /** JSON, ASCII only. */
  whole(
    dialect: Dialect,
    name: AnswerName,
    text: WholeText,
    reason: FinishReason,
    usage: UsageCounts | undefined,
  ): string;
}

/** What a body asks for. */
export interface Asked {
  readonly form: AnswerForm;
  readonly stream: boolean;
  /** A stream reports usage without being asked, or is asked to. */
  readonly includeUsage: boolean;
  /** Every chunk of a stream reports the usage so far. */
  readonly usageInChunks?: boolean;
  /** All text of the prompt, or its number of token IDs. */
  readonly prompt: string | number;
  /** Undefined: no cap. Checked later. */
  readonly maxTokens?: unknown;
  readonly minTokens?: unknown;
  readonly ignoreEos?: unknown;
}

/** Reads a body. @param accept the `Accept` header. */
export type AskedReader = (body: JsonObject, accept: string) => Asked | Refusal;

/** ASCII-only JSON, so that its length in characters and bytes is the same. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Frames an ASCII event as one chunk of chunked transfer encoding. */
export function frame(event: string): string {
  return `${(event.length + 2).toString(16)}\r\n${event}\n\n\r\n`;
}

/** The end of a chunked body. */
export const streamEnd = '0\r\n\r\n';
