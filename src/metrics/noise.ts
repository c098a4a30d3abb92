import type { Metric } from './metric.js';
import { type Repeats, repeats, tCritical } from './repeats.js';
import { e2eOutputTokenThroughput } from './request-metrics.js';
import { type Results, statsOf } from './results.js';
import { outputTokenThroughput } from './run-metrics.js';

/** A measured value, with its confidence interval over repeats: the value itself for a single run. */
export interface Estimate extends Pick<Repeats, 'mean' | 'ciLow' | 'ciHigh'> {
  /** Another measurement of the same may differ from the mean by this much, in either direction. */
  readonly noise: number;
}

/** A single run does not show how much runs differ from each other: at least by this share. */
const SINGLE_RUN_NOISE = 0.02;

/** A rate of a whole run varies as a metric of its requests does. */
function spreadOf(metric: Metric): Metric {
  return metric === outputTokenThroughput ? e2eOutputTokenThroughput : metric;
}

/**
 * Estimates a metric's average over runs of the same load. The noise is half the confidence interval: over the runs by
 * Student's t; of a single run by the spread of its requests, taken as independent.
 * @param level of confidence, between 0 and 1. @returns undefined where no run has the metric.
 */
export function estimate(runs: readonly Results[], metric: Metric, level: number): Estimate | undefined {
  const means = runs.flatMap((results) => statsOf(results, metric)?.avg ?? []);
  const [only] = means;
  if (only === undefined) return undefined;
  const { mean, ciLow, ciHigh } = repeats(means, level);
  if (means.length > 1) return { mean, ciLow, ciHigh, noise: ciHigh - mean };
  const {
    avg = 0,
    std = 0,
    count = 0,
  } = runs.flatMap((results) => statsOf(results, spreadOf(metric)) ?? [])[0] ?? {};
  const share = avg === 0 || count < 2 ? 0 : ((tCritical(count, level) ?? 0) * std) / Math.sqrt(count) / avg;
  return { mean, ciLow, ciHigh, noise: Math.abs(only) * Math.max(SINGLE_RUN_NOISE, share) };
}

/** The rule of every comparison: 1 where `a` is above `b` beyond their noise, -1 where below, 0 where they tie. */
export function compareBeyondNoise(a: Estimate, b: Estimate): -1 | 0 | 1 {
  const difference = a.mean - b.mean;
  if (Math.abs(difference) <= a.noise + b.noise) return 0;
  return difference > 0 ? 1 : -1;
}
