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

/** Takes the wall clock and the monotonic clock in the same instant. */
export function takeOrigin(): ClockOrigin {
  // performance.timeOrigin + now() has sub-millisecond digits; Date.now() alone would cut to milliseconds.
  const monotonicNs = process.hrtime.bigint();
  const wallMs = performance.timeOrigin + performance.now();
  const wholeMs = Math.floor(wallMs);
  return {
    monotonicNs,
    epochNs: BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((wallMs - wholeMs) * 1e6)),
  };
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

/** Wall-clock nanoseconds since 1970 of a time that `Clock.nowNs` gave; a bigint, since such epochs pass 2^53. */
export function wallNs(origin: ClockOrigin, atNs: number): bigint {
  return origin.epochNs + BigInt(Math.round(atNs));
}
