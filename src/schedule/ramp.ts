/** A limit that may be ramped up from 1. */
export interface RampedLimit {
  readonly limit: number;
  /** 0: in force from the start. */
  readonly rampNs: number;
}

/**
 * The concurrency in force `elapsedNs` after the phase's start, on a ramp from 1 to `target` in unit steps: limit v
 * is reached at rampNs·(v − 1)/(target − 1). Without a ramp (`rampNs` 0) it is `target` from the start.
 */
export function concurrencyAt(elapsedNs: number, target: number, rampNs: number): number {
  if (elapsedNs >= rampNs || target <= 1) return target;
  // The nearest limit is reached or just ahead; its time decides, so that rounding cannot part this from nextStepNs.
  const nearest = Math.round((elapsedNs * (target - 1)) / rampNs) + 1;
  return Math.max(1, reachedNs(nearest, target, rampNs) <= elapsedNs ? nearest : nearest - 1);
}

/** When the next unit is added, ns after the phase's start; undefined when the target has been reached. */
export function nextStepNs(elapsedNs: number, target: number, rampNs: number): number | undefined {
  const limit = concurrencyAt(elapsedNs, target, rampNs);
  return limit < target ? reachedNs(limit + 1, target, rampNs) : undefined;
}

function reachedNs(limit: number, target: number, rampNs: number): number {
  return (rampNs * (limit - 1)) / (target - 1);
}
