import jStat from 'jstat';

/** A statistic of runs that were repeated: what they came to together, and how far that can be relied on. */
export interface Repeats {
  readonly mean: number;
  /** Of the sample (n − 1); 0 for a single run. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Coefficient of variation, std / |mean|; infinite where the mean is 0, and 0 for a single run. */
  readonly cv: number;
  /** Standard error of the mean, std / √n. */
  readonly se: number;
  /** Confidence interval of the mean: mean ∓ tCritical · se. */
  readonly ciLow: number;
  readonly ciHigh: number;
  /** Right to eight digits; undefined for a single run, whose interval is the mean itself. */
  readonly tCritical: number | undefined;
}

/**
 * Statistics over runs by Student's t distribution, which supposes that the runs vary normally.
 * @param values one of each run, at least one. @param level of confidence, between 0 and 1.
 */
export function repeats(values: readonly number[], level: number): Repeats {
  const n = values.length;
  const mean = sum(values) / n;
  const std = n === 1 ? 0 : Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (n - 1));
  const se = std / Math.sqrt(n);
  const critical = tCritical(n, level);
  const margin = critical === undefined ? 0 : critical * se;
  return {
    mean,
    std,
    min: Math.min(...values),
    max: Math.max(...values),
    cv: n === 1 ? 0 : mean === 0 ? Number.POSITIVE_INFINITY : std / Math.abs(mean),
    se,
    ciLow: mean - margin,
    ciHigh: mean + margin,
    tCritical: critical,
  };
}

/** Two-sided critical value of Student's t for the mean of `n` values; undefined for a single one. */
export function tCritical(n: number, level: number): number | undefined {
  return n === 1 ? undefined : jStat.studentt.inv(1 - (1 - level) / 2, n - 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
