import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import type { RunTraits, Thresholds } from '../metrics/metric.js';
import type { ClockOrigin } from '../util/clock.js';

/** What the record thread makes of records: plain data. */
export interface CollectPlan {
  readonly origin: ClockOrigin;
  readonly traits: RunTraits;
  readonly thresholds: Thresholds;
  /** Length of time slices; undefined: no slices. */
  readonly sliceNs: number | undefined;
  /** Tokenizer of each model; undefined: the server's counts are used. */
  readonly tokenizers: ReadonlyMap<string, TokenizerSource> | undefined;
  /** Paths of the files; undefined: no such file. This one has a line for each record of profiling. */
  readonly recordsFile: string | undefined;
  readonly rawFile: string | undefined;
  /** Records of the warm-up. */
  readonly warmupFile: string | undefined;
  /** Telemetry over time. */
  readonly seriesFile: string | undefined;
  readonly hasWarmup: boolean;
  /** The requests themselves go to the main thread with the results: its page shows them. */
  readonly handsOverRequests: boolean;
}
