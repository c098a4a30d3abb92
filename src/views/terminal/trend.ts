import type { Snapshot } from '../../collect/snapshot.js';

/** Points that are kept: more than a chart of the widest screen has columns. */
const MAX_POINTS = 240;

/** One second of the run. Undefined: nothing was measured. */
export interface TrendPoint {
  /** Wall clock, whole seconds since 1970. */
  readonly second: number;
  /** Of the last seconds, ms. */
  readonly ttftP50: number | undefined;
  readonly itlP50: number | undefined;
  readonly outputTokensPerSecond: number;
  readonly requestsPerSecond: number;
  /** Failures since the phase began, and within this second. */
  readonly failures: number;
  readonly newFailures: number;
}

/** The points with that of a snapshot: later ones of the same second replace the first. */
export function withSnapshot(points: readonly TrendPoint[], snapshot: Snapshot): readonly TrendPoint[] {
  const { unixMs, latencies, lastSecond, requests, processing } = snapshot;
  // After the load nothing happens any more.
  if (processing !== undefined) return points;
  const second = Math.floor(unixMs / 1000);
  const past = points.at(-1)?.second === second ? points.slice(0, -1) : points;
  const failures = requests.failed + requests.dropped;
  const before = past.at(-1)?.failures ?? 0;
  const point: TrendPoint = {
    second,
    ttftP50: latencies.ttft?.recent?.p50,
    itlP50: latencies.itl?.recent?.p50,
    outputTokensPerSecond: lastSecond.outputTokens,
    requestsPerSecond: lastSecond.requests,
    failures,
    // A new phase counts from zero.
    newFailures: failures < before ? failures : failures - before,
  };
  return [...past.slice(1 - MAX_POINTS), point];
}
