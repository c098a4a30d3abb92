/** Cause of a load thread's delay. */
export type StallCause =
  /** The thread was runnable without a core. */
  | 'no core'
  | 'garbage collection'
  /** The thread was busy with sending, reading or other code. */
  | 'own work'
  /** The thread neither ran nor waited for a core: it was blocked in the system, or the machine was paused. */
  | 'blocked';

/** A period in which a load thread did not read its sockets; ns since the clock's origin. */
export interface Stall {
  readonly startNs: number;
  readonly endNs: number;
  readonly cause: StallCause;
}

/** Quantiles of durations, ns; 0 without any. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A load thread's own measurements during a phase. Times are ns since the clock's origin. */
export interface ThreadReport {
  readonly thread: number;
  readonly startNs: number;
  readonly endNs: number;
  /** Delay of a 5 ms timer of the event loop. */
  readonly loopDelayNs: Spread;
  /** Time from the wake-up of the loop to the timestamps of its reads, in sampled turns. */
  readonly readLagNs: Spread;
  readonly gc: { readonly count: number; readonly totalNs: number; readonly maxNs: number };
  /** Shares of the time: loop not idle; on a core; runnable without a core. The latter two on Linux only. */
  readonly busyShare: number;
  readonly cpuShare: number | undefined;
  readonly waitShare: number | undefined;
  /** The longest stalls, in chronological order. */
  readonly stalls: readonly Stall[];
  /** Total time of all stalls beyond the first 10 ms of each. */
  readonly lateNs: number;
}

/** Records with a timestamp that may be more than this late are marked as client-limited. */
export const LATE_NS = 10e6;
