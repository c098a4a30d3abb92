/**
 * The instant from which all times of a run count. The main thread takes one origin per run and passes it to every
 * other thread: a time is then a plain number of nanoseconds, exact for 104 days.
 */
export interface ClockOrigin {
  /** CLOCK_MONOTONIC at the origin, ns; shared by all threads and processes of a machine. */
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

/** CLOCK_MONOTONIC, ns: shared by all processes of the machine. Exact for 104 days of uptime. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** How much later than `from` the origin `to` is, ns: add it to a time since `to` to get the time since `from`. */
export function nsBetween(from: ClockOrigin, to: ClockOrigin): number {
  return Number(to.epochNs - from.epochNs);
}

/** Steps of the wall clock's millisecond to sample for an origin. */
const EDGES = 3;

/**
 * Reads the wall clock and the monotonic clock at the same instant, to some microseconds, spinning for at most 3 ms.
 * `performance.timeOrigin` is 0.7 ms or more ahead of the system's clock on Node 20, and `Date.now()` is truncated to
 * milliseconds, but the moment at which `Date.now()` steps is exact. A pause of the process between that step and the
 * monotonic reading makes the difference of the clocks too small, never too large: so the largest sample is the best.
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

/** The monotonic clock, relative to `origin`. */
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

// Cache of the last origin's epoch, split in two numbers: two bigints per epoch would take most of the time.
let writtenOrigin: ClockOrigin | undefined;
let writtenSeconds = 0;
let writtenNanos = 0;

/** `wallNs` as decimal digits, three times as fast. */
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

/** A time of `Clock.nowNs` as wall-clock nanoseconds since 1970; a bigint, because such epochs exceed 2^53. */
export function wallNs(origin: ClockOrigin, atNs: number): bigint {
  return origin.epochNs + BigInt(Math.round(atNs));
}
