import type { DatasetType } from './loaders/format.js';
import type { Synthesis } from './loaders/synthesis.js';

/** What the dataset is made from. */
export interface DatasetOptions {
  readonly seed: number;
  /** The user fixed the seed: generated session ids are `session_000000` and so on instead of UUIDs. */
  readonly namedSessions: boolean;
  readonly models: readonly string[];
  readonly modelSelection: 'round_robin' | 'random';
  /** Tokens of a generated prompt. */
  readonly isl: number;
  readonly islStddev: number;
  /** Output token cap; absent or 0: none. */
  readonly osl?: number | undefined;
  readonly oslStddev: number;
  /** Conversations to generate, or to draw from a random pool; other files are always taken whole. */
  readonly entries: number;
  readonly turnsMean: number;
  readonly turnsStddev: number;
  readonly delayMeanMs: number;
  readonly delayStddevMs: number;
  readonly delayRatio: number;
  /** A file or folder; absent: synthetic prompts. */
  readonly inputFile?: string | undefined;
  /** Absent: told from the file. */
  readonly datasetType?: DatasetType | undefined;
  /** Tokens of a block that a hash id stands for; absent: the trace type's own. */
  readonly blockSize?: number | undefined;
  /** The endpoint sends system messages, so a leading system turn becomes one. */
  readonly endpointHasSystemSlot: boolean;
  /** How a trace is changed; absent: it is sent as it is. */
  readonly synthesis?: Synthesis | undefined;
  /** Leave timestamps and delays of a file out. */
  readonly ignoreTimings: boolean;
}
