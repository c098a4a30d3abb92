import type { Summaries } from '../collect/collector.js';
import type { Sinks } from '../collect/sink.js';
import type { LoadPlan } from '../load/plan.js';
import type { Clock } from '../util/clock.js';
import type { ThreadOptions } from './start-threads.js';

/** What the first interrupt does: ends the load, or comes when all requests have ended and results are being made. */
export type InterruptEffect = 'cancels' | 'load is over';

export interface RunOptions extends ThreadOptions {
  readonly load: LoadPlan;
  /** Those of this thread. */
  readonly sinks: Sinks;
  /** Sets what an interrupt does from now on, in place of leaving at once. @returns takes it back. */
  readonly onInterrupt: (act: () => InterruptEffect) => () => void;
  /** Makes the results from the files and the spool, where the record thread died. */
  readonly recoverSummary: () => Promise<Pick<Summaries, 'profiling' | 'requests' | 'notable'>>;
  readonly clock: Clock;
  /** A run in which nothing moves for so long is ended; 0: never. */
  readonly stallSeconds: number;
  /** How long cancelled requests may take to return before their threads are ended. */
  readonly drainSeconds: number;
  /** Number of the run's first session, which says where in the dataset it begins. */
  readonly firstSession: number;
  /** Conversations in the dataset. */
  readonly datasetSize: number;
}
