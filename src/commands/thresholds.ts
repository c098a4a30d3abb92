import type { Thresholds } from '../metrics/metric.js';

/** The settings of the environment that warnings hang on. */
export function thresholdsOf(config: {
  readonly oslMismatchPctThreshold: number;
  readonly oslMismatchMaxTokenThreshold: number;
  readonly usagePctDiffThreshold: number;
}): Thresholds {
  return {
    oslMismatchPct: config.oslMismatchPctThreshold,
    oslMismatchTokens: config.oslMismatchMaxTokenThreshold,
    usageDiffPct: config.usagePctDiffThreshold,
  };
}
