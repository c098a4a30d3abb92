/** What held a load thread up. */
export type StallCause =
  /** It was ready to run, and no core was given to it. */
  | 'no core'
  | 'garbage collection'
  /** It was busy with sending and reading, or with whatever else ran in it. */
  | 'own work'
  /** It neither ran nor waited for a core: the machine itself stood still. */
  | 'machine';

/** A time in which a load thread did not look at its sockets; ns since the clock's origin. */
export interface Stall {
  readonly startNs: number;
  readonly endNs: number;
  readonly cause: StallCause;
}

/** Quantiles of many short times, ns; 0 where there was none. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a load thread saw of itself during a phase. Times are ns since the clock's origin. */
export interface ThreadReport {
  readonly thread: number;
  readonly startNs: number;
  readonly endNs: number;
  /** How late the event loop called a timer of 5 ms. */
  readonly loopDelayNs: Spread;
  /** From the wake-up of the loop to the stamps of what it read then, in sampled turns. */
  readonly readLagNs: Spread;
  readonly gc: { readonly count: number; readonly totalNs: number; readonly maxNs: number };
  /** Of the thread's time: not asleep; on a core; ready, but without a core. The latter two on Linux only. */
  readonly busyShare: number;
  readonly cpuShare: number | undefined;
  readonly waitShare: number | undefined;
  /** The longest, in order of time. */
  readonly stalls: readonly Stall[];
  /** In all stalls together, the time after their first 10 ms. */
  readonly lateNs: number;
}

/** A stamp that may be this much too late makes its record one that the client has spoilt. */
export const LATE_NS = 10e6;
