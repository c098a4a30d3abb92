import type { LoadPlan, PhasePlan } from '../load/plan.js';
import type { PhaseProgress } from '../load/source.js';
import type { LiveSummary, RunSummary } from '../metrics/compute.js';
import type { Clock } from '../util/clock.js';
import type { ThreadOptions } from './start-threads.js';

/** What the first interrupt does: ends the load, or comes when all requests have ended and results are being made. */
export type InterruptEffect = 'cancels' | 'load is over';

/** How far a run is. */
export interface RunProgress {
  readonly phase: PhasePlan;
  readonly counts: PhaseProgress;
  readonly elapsedNs: number;
  /** Figures of the records so far. */
  readonly live: LiveSummary | undefined;
  /** The results of the phase; undefined until the run has ended. */
  readonly results: RunSummary | undefined;
}

export interface RunOptions extends ThreadOptions {
  readonly load: LoadPlan;
  /** Called some times a second, and at the end. */
  readonly onProgress: (progress: RunProgress) => void;
  /** Sets what an interrupt does from now on, in place of leaving at once. @returns takes it back. */
  readonly onInterrupt: (act: () => InterruptEffect) => () => void;
  /** Makes the results from the files and the spool, where the record thread died. */
  readonly recoverSummary: () => Promise<RunSummary>;
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
