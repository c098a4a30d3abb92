import type { MediaKind } from './conversation.js';
import type { DatasetType } from './loaders/format.js';
import type { Synthesis } from './loaders/synthesis.js';
import type { SyntheticMedia } from './media/synthetic-media.js';

/** Means and standard deviations of generated rankings; lengths in tokens. */
export interface RankingLengths {
  readonly passages: number;
  readonly passagesStddev: number;
  readonly passageTokens: number;
  readonly passageTokensStddev: number;
  readonly queryTokens: number;
  readonly queryTokensStddev: number;
}

/** Inputs of the dataset. */
export interface DatasetOptions {
  readonly seed: number;
  /** The seed was set by the user: generated session IDs are `session_000000` and so on instead of UUIDs. */
  readonly namedSessions: boolean;
  readonly models: readonly string[];
  readonly modelSelection: 'round_robin' | 'random';
  /** Tokens per generated prompt. */
  readonly isl: number;
  readonly islStddev: number;
  /** Generated texts per turn; absent: one. */
  readonly textsPerTurn?: number | undefined;
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
  /** A file or folder; absent: synthetic prompts. */
  readonly inputFile?: string | undefined;
  /** Absent: detected from the file. */
  readonly datasetType?: DatasetType | undefined;
  /** Tokens per hash ID; absent: the default of the trace type. */
  readonly blockSize?: number | undefined;
  /** The endpoint supports system messages, so a leading system turn becomes one. */
  readonly endpointHasSystemSlot: boolean;
  /** Media of synthetic requests. */
  readonly media: SyntheticMedia;
  /** Media that requests of the endpoint can hold. */
  readonly endpointMedia: readonly MediaKind[];
  /** Transformations of a trace; absent: it is sent unchanged. */
  readonly synthesis?: Synthesis | undefined;
  /** Ignore timestamps and delays in the file. */
  readonly ignoreTimings: boolean;
}
