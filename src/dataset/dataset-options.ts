import type { LengthPair } from '../config/length-mix.js';
import { andList } from '../util/lists.js';
import type { Conversation, MediaKind, Turn } from './conversation.js';
import type { DatasetType } from './loaders/format.js';
import type { PoolBatches } from './loaders/pool.js';
import type { Replay } from './loaders/replay.js';
import type { Synthesis } from './loaders/synthesis.js';
import type { SyntheticMedia } from './media/synthetic-media.js';
import type { Pace } from './pace.js';
import type { PublicRequest } from './public/plan.js';
import type { ChatOverhead } from './tokenizer/chat-template.js';

/** Means and standard deviations of generated rankings; lengths in tokens. */
export interface RankingLengths {
  readonly passages: number;
  readonly passagesStddev: number;
  readonly passageTokens: number;
  readonly passageTokensStddev: number;
  readonly queryTokens: number;
  readonly queryTokensStddev: number;
}

/** Generated text that requests share; lengths in tokens. */
export interface SharedPrompts {
  /** Prefixes, one of which precedes each prompt of a first turn; 0: none. */
  readonly prefixes: number;
  readonly prefixTokens: number;
  /** One system message for all conversations; 0: none. */
  readonly systemTokens: number;
  /** A first user message for each conversation; 0: none. */
  readonly contextTokens: number;
}

/**
 * Checks a turn of a file before the run. Generated text and the content of media files are left out of it.
 * @returns sentences about what is not sent. @throws UserError if the turn cannot be sent
 */
export type TurnCheck = (turn: Turn, conversation: Conversation) => readonly string[];

/** What requests of an endpoint can hold. */
export interface EndpointContents {
  readonly endpointTakesText: boolean;
  readonly endpointMedia: readonly MediaKind[];
}

/** What requests of the endpoint can hold, in words. */
export function contentWords({ endpointTakesText, endpointMedia }: EndpointContents): string {
  return andList([...(endpointTakesText ? ['text'] : []), ...endpointMedia.map((kind) => pluralOf[kind])]);
}

/** Kinds of media as nouns for any number of them. */
export const pluralOf: Readonly<Record<MediaKind, string>> = {
  image: 'images',
  audio: 'audio',
  video: 'video',
};

/** Inputs of the dataset. */
export interface DatasetOptions extends EndpointContents {
  readonly seed: number;
  /** The seed was set by the user: generated session IDs are `session_000000` and so on instead of UUIDs. */
  readonly namedSessions: boolean;
  readonly models: readonly string[];
  readonly modelSelection: 'round_robin' | 'random';
  /** Tokens per generated prompt. */
  readonly isl: number;
  readonly islStddev: number;
  /** Pairs to draw both lengths of a generated turn from, in place of the means and deviations; absent: none. */
  readonly lengthPairs?: readonly LengthPair[] | undefined;
  /** Absent: generated requests share no text. */
  readonly sharedPrompts?: SharedPrompts | undefined;
  /** Put in front of the system text of every conversation, also of a file; absent: nothing is. */
  readonly systemPrompt?: string | undefined;
  /** Generated texts per turn; absent: one. */
  readonly textsPerTurn?: number | undefined;
  /** Tokens of the chat template that generated prompts leave room for; absent: none. */
  readonly chatOverhead?: ChatOverhead | undefined;
  /** Generated prompts are token IDs; absent: they are texts. */
  readonly asTokenIds?: boolean;
  /** Generated turns are rankings; absent: they are not. */
  readonly rankings?: RankingLengths | undefined;
  /** Output token cap; absent or 0: no cap. */
  readonly osl?: number | undefined;
  readonly oslStddev: number;
  /** Conversations to generate or to draw from a random pool; other files are always used completely. */
  readonly entries: number;
  readonly turnsMean: number;
  readonly turnsStddev: number;
  readonly delayMeanMs: number;
  readonly delayStddevMs: number;
  readonly delayRatio: number;
  /** Items per request of a random pool; absent: one row of every pool. */
  readonly poolBatches?: PoolBatches;
  /** Links to images are fetched before the run; absent: they are sent. */
  readonly fetchesImages?: boolean;
  /** A file or folder; absent: synthetic prompts. */
  readonly inputFile?: string | undefined;
  /** A data set to download; absent: none. */
  readonly publicDataset?: PublicRequest | undefined;
  /** Bytes of a file, decompressed, above which it is streamed; absent: it is read into memory. */
  readonly streamAbove?: number | undefined;
  /** Why a file must be in memory, whatever its size; absent: it need not. */
  readonly needsWholeFile?: string | undefined;
  /** Absent: detected from the file. */
  readonly datasetType?: DatasetType | undefined;
  /** Tokens per hash ID; absent: the default of the trace type. */
  readonly blockSize?: number | undefined;
  /** The endpoint supports system messages, so a leading system turn becomes one. */
  readonly endpointHasSystemSlot: boolean;
  /** Images that a session has sent are only named in its later turns; absent: they are sent again. */
  readonly stripsImages?: boolean;
  /** Media of synthetic requests. */
  readonly media: SyntheticMedia;
  /** Checks that the endpoint can send a turn of a file; absent: it can send any. */
  readonly checkTurn?: TurnCheck | undefined;
  /** Transformations of a trace; absent: it is sent unchanged. */
  readonly synthesis?: Synthesis | undefined;
  /** Ignore timestamps and delays in the file. */
  readonly ignoreTimings: boolean;
  /** How they are replayed; absent: as recorded. */
  readonly pace?: Pace | undefined;
  /** Of a `baseten_trace`; absent: at its recorded times, with all hints. */
  readonly replay?: Replay | undefined;
}
