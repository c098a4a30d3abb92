/** A limit that may be ramped up from 1. */
export interface RampedLimit {
  readonly limit: number;
  /** 0: in force from the start. */
  readonly rampNs: number;
}

/**
 * The concurrency limit `elapsedNs` after the phase's start, on a ramp from 1 to `target` in unit steps: limit v
 * applies from rampNs·(v − 1)/(target − 1). Without a ramp (`rampNs` 0) it is always `target`.
 */
export function concurrencyAt(elapsedNs: number, target: number, rampNs: number): number {
  if (elapsedNs >= rampNs || target <= 1) return target;
  // The nearest step is just reached or just ahead. Compare its time, so that rounding cannot disagree with nextStepNs.
  const nearest = Math.round((elapsedNs * (target - 1)) / rampNs) + 1;
  return Math.max(1, reachedNs(nearest, target, rampNs) <= elapsedNs ? nearest : nearest - 1);
}

/** Time of the next step, ns after the phase's start; undefined once the target is reached. */
export function nextStepNs(elapsedNs: number, target: number, rampNs: number): number | undefined {
  const limit = concurrencyAt(elapsedNs, target, rampNs);
  return limit < target ? reachedNs(limit + 1, target, rampNs) : undefined;
}

function reachedNs(limit: number, target: number, rampNs: number): number {
  return (rampNs * (limit - 1)) / (target - 1);
}
