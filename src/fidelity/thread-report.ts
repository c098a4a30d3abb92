/** What delayed a load thread. */
export type StallCause =
  /** It was runnable, but had no core. */
  | 'no core'
  | 'garbage collection'
  /** It was busy sending and reading, or with other code in the thread. */
  | 'own work'
  /** It neither ran nor waited for a core: the machine itself was paused. */
  | 'machine';

/** A stretch of time in which a load thread did not read its sockets; ns since the clock's origin. */
export interface Stall {
  readonly startNs: number;
  readonly endNs: number;
  readonly cause: StallCause;
}

/** Quantiles of many short times, ns; 0 without any. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a load thread measured of itself during a phase. Times are ns since the clock's origin. */
export interface ThreadReport {
  readonly thread: number;
  readonly startNs: number;
  readonly endNs: number;
  /** Delay of a 5 ms timer of the event loop. */
  readonly loopDelayNs: Spread;
  /** From the wake-up of the loop to the time stamps of its reads, in sampled turns. */
  readonly readLagNs: Spread;
  readonly gc: { readonly count: number; readonly totalNs: number; readonly maxNs: number };
  /** Shares of the time: loop not idle; on a core; runnable without a core. The last two on Linux only. */
  readonly busyShare: number;
  readonly cpuShare: number | undefined;
  readonly waitShare: number | undefined;
  /** The longest ones, in chronological order. */
  readonly stalls: readonly Stall[];
  /** Total time of all stalls beyond the first 10 ms of each. */
  readonly lateNs: number;
}

/** A record with a time stamp that may be more than this late is marked as client-limited. */
export const LATE_NS = 10e6;
