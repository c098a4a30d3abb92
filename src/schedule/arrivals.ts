import { randomExponential, randomGamma } from 'd3-random';
import type { Random } from '../util/random.js';

/** How the gaps between requests are drawn. */
export type ArrivalPattern = 'constant' | 'poisson' | 'gamma';

export interface ArrivalOptions {
  readonly pattern: ArrivalPattern;
  /** Requests per second, λ. */
  readonly ratePerSecond: number;
  /** Shape k of `gamma`: below 1 burstier than Poisson, 1 the same, above 1 smoother. Default 1. */
  readonly smoothness?: number | undefined;
  /** The rate rises from near 0 for this long; absent or 0: no ramp. */
  readonly rampNs?: number | undefined;
  /** Time between two changes of a rising rate. Default 0.1 s. */
  readonly rampStepNs?: number | undefined;
  readonly random: Random;
}

const SECOND_NS = 1e9;

/**
 * The times at which requests are due: each call gives the next, in whole ns after the phase's start, the first one
 * interval after it. They depend on the options alone, so every thread that asks gets the same.
 *
 * Mean 1/λ and variance of a gap: `constant` 0, `poisson` 1/λ² (exponential), `gamma` 1/(kλ²) (shape k, scale
 * 1/(λk), so its coefficient of variation is 1/√k).
 *
 * A ramp of D with steps of u starts at λu/D and rises along a line to λ at D. Each step also takes effect on the
 * wait in progress: what is due next moves to the earlier of itself and the step's time plus a fresh interval.
 */
export function openArrivals(options: ArrivalOptions): () => number {
  const nextGap = unitGaps(options);
  const { ratePerSecond, rampNs = 0, rampStepNs = SECOND_NS / 10 } = options;
  const startRate = Math.min(ratePerSecond, (ratePerSecond * rampStepNs) / rampNs);
  const steps = Math.ceil(rampNs / rampStepNs);
  let step = 0;
  let rate = steps > 0 ? startRate : ratePerSecond;
  // Gaps are added up in units of 1/λ and scaled afterwards: sums of a constant gap are exact then.
  let anchorNs = 0;
  let gapsSinceAnchor = 0;

  return () => {
    gapsSinceAnchor += nextGap();
    let dueNs = anchorNs + (gapsSinceAnchor * SECOND_NS) / rate;
    while (step < steps) {
      const stepNs = Math.min((step + 1) * rampStepNs, rampNs);
      if (stepNs > dueNs) break;
      step++;
      rate = startRate + (ratePerSecond - startRate) * (stepNs / rampNs);
      dueNs = Math.min(dueNs, stepNs + (nextGap() * SECOND_NS) / rate);
      anchorNs = dueNs;
      gapsSinceAnchor = 0;
    }
    return Math.round(dueNs);
  };
}

/** Gaps with a mean of 1. */
function unitGaps({ pattern, smoothness = 1, random }: ArrivalOptions): () => number {
  if (pattern === 'constant') return () => 1;
  if (pattern === 'poisson') return randomExponential.source(random.uniform)(1);
  return randomGamma.source(random.uniform)(smoothness, 1 / smoothness);
}
