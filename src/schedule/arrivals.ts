import { randomExponential, randomGamma } from 'd3-random';
import type { Random } from '../util/random.js';
import { openRateSeries, type RatePoint } from './rate-series.js';

/** Distribution of the gaps between requests. */
export type ArrivalPattern = 'constant' | 'poisson' | 'gamma';

export interface ArrivalOptions {
  readonly pattern: ArrivalPattern;
  /** Requests per second, λ. */
  readonly ratePerSecond: number;
  /** Shape k of `gamma`: below 1 burstier than Poisson, 1 the same, above 1 smoother. Default 1. */
  readonly smoothness?: number | undefined;
  /** Duration of a linear ramp from near 0 to the rate; absent or 0: no ramp. */
  readonly rampNs?: number | undefined;
  /** Interval between updates of a ramping rate. Default 0.1 s. */
  readonly rampStepNs?: number | undefined;
  /** A rate that changes, after the ramp if any; its first value is `ratePerSecond`. */
  readonly series?: readonly RatePoint[] | undefined;
  readonly random: Random;
}

const SECOND_NS = 1e9;

/**
 * Due times of requests: each call returns the next one, in integer ns after the phase's start; the first is one
 * interval after it. They depend only on the options, so every thread gets the same times.
 * Gaps have mean 1/λ and variance: `constant` 0, `poisson` 1/λ² (exponential), `gamma` 1/(kλ²) (shape k, scale 1/(λk),
 * so the coefficient of variation is 1/√k).
 * A ramp of duration D with steps of u starts at λu/D and rises linearly to λ at D. Each step also applies to the
 * current wait: the next due time becomes the earlier of itself and the step's time plus a fresh interval.
 * With a series, ramp and series are one rate over time (`openRateSeries`).
 */
export function openArrivals(options: ArrivalOptions): () => number {
  const nextGap = unitGaps(options);
  const { ratePerSecond, rampNs = 0, rampStepNs = SECOND_NS / 10 } = options;
  const startRate = rampStart(options);
  if (options.series !== undefined) return openRateSeries(ratePoints(options), nextGap);
  const steps = Math.ceil(rampNs / rampStepNs);
  let step = 0;
  let rate = steps > 0 ? startRate : ratePerSecond;
  // Sum gaps in units of 1/λ and scale afterwards, so that sums of a constant gap are exact.
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

/** The rate over time, with its ramp: linear between the points. */
export function ratePoints(
  options: Pick<ArrivalOptions, 'ratePerSecond' | 'rampNs' | 'rampStepNs' | 'series'>,
): readonly RatePoint[] {
  const { ratePerSecond, rampNs = 0, series = [{ atNs: 0, perSecond: ratePerSecond }] } = options;
  const ramp =
    rampNs > 0
      ? [
          { atNs: 0, perSecond: rampStart(options) },
          { atNs: rampNs, perSecond: ratePerSecond },
        ]
      : [];
  return [...ramp, ...series.map(({ atNs, perSecond }) => ({ atNs: rampNs + atNs, perSecond }))];
}

/** The rate at which a ramp starts. */
function rampStart({
  ratePerSecond,
  rampNs = 0,
  rampStepNs = SECOND_NS / 10,
}: Pick<ArrivalOptions, 'ratePerSecond' | 'rampNs' | 'rampStepNs'>): number {
  return Math.min(ratePerSecond, (ratePerSecond * rampStepNs) / rampNs);
}

/** Gaps with mean 1. */
function unitGaps({ pattern, smoothness = 1, random }: ArrivalOptions): () => number {
  if (pattern === 'constant') return () => 1;
  if (pattern === 'poisson') return randomExponential.source(random.uniform)(1);
  return randomGamma.source(random.uniform)(smoothness, 1 / smoothness);
}
