/**
 * The instant that all times of a run count from. One origin is taken per run, in the main thread, and handed
 * to every other thread: a time is then a plain number of nanoseconds that is exact for 104 days.
 */
export interface ClockOrigin {
  /** CLOCK_MONOTONIC at the origin, ns; the same clock in every thread and process of a machine. */
  readonly monotonicNs: bigint;
  /** Wall clock at the origin, ns since 1970. */
  readonly epochNs: bigint;
}

/** Monotonic nanoseconds since the run's origin. */
export interface Clock {
  readonly origin: ClockOrigin;
  nowNs(): number;
}

/** The wall clock, ms since 1970. */
export function epochMs(): number {
  return Date.now();
}

/** CLOCK_MONOTONIC, ns: the clock of every process on the machine. Exact for 104 days of uptime. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** How much later than `from` the origin `to` is, ns: a time that counts from `to` is that much more from `from`. */
export function nsBetween(from: ClockOrigin, to: ClockOrigin): number {
  return Number(to.epochNs - from.epochNs);
}

/** Edges of the wall clock's millisecond that an origin is taken from. */
const EDGES = 3;

/**
 * Takes the wall clock and the monotonic clock in the same instant, to some microseconds, in at most 3 ms of spinning.
 *
 * `performance.timeOrigin` lies 0.7 ms and more ahead of the system's clock on Node 20, and `Date.now()` is cut to
 * milliseconds; the moment at which `Date.now()` steps is exact. Whatever pauses the process between the step and the
 * monotonic reading makes the distance of the two clocks too small, never too large: the largest is the nearest.
 */
export function takeOrigin(): ClockOrigin {
  let distanceNs = 0n;
  for (let edge = 0; edge < EDGES; edge++) {
    const before = Date.now();
    let wallMs = before;
    while (wallMs === before) wallMs = Date.now();
    const atEdgeNs = BigInt(wallMs) * 1_000_000n - process.hrtime.bigint();
    if (edge === 0 || atEdgeNs > distanceNs) distanceNs = atEdgeNs;
  }
  const monotonicNs = process.hrtime.bigint();
  return { monotonicNs, epochNs: monotonicNs + distanceNs };
}

/** The process clock, counted from `origin`. */
export function openClock(origin: ClockOrigin): Clock {
  const originSeconds = Number(origin.monotonicNs / 1_000_000_000n);
  const originNanos = Number(origin.monotonicNs % 1_000_000_000n);
  return {
    origin,
    nowNs() {
      const now = process.hrtime();
      return (now[0] - originSeconds) * 1e9 + (now[1] - originNanos);
    },
  };
}

// The origin of the last epoch that was written, apart: two bigints an epoch would take most of the time.
let writtenOrigin: ClockOrigin | undefined;
let writtenSeconds = 0;
let writtenNanos = 0;

/** `wallNs` in digits, three times as fast. */
export function wallNsText(origin: ClockOrigin, atNs: number): string {
  if (origin !== writtenOrigin) {
    writtenOrigin = origin;
    writtenSeconds = Number(origin.epochNs / 1_000_000_000n);
    writtenNanos = Number(origin.epochNs % 1_000_000_000n);
  }
  const nanos = writtenNanos + Math.round(atNs);
  const seconds = Math.floor(nanos / 1e9);
  const rest = nanos - seconds * 1e9;
  return `${writtenSeconds + seconds}${`${1e9 + rest}`.slice(1)}`;
}

/** Wall-clock nanoseconds since 1970 of a time that `Clock.nowNs` gave; a bigint, since such epochs pass 2^53. */
export function wallNs(origin: ClockOrigin, atNs: number): bigint {
  return origin.epochNs + BigInt(Math.round(atNs));
}
