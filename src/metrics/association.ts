import { studentTail } from './distributions.js';
import { monotoneTrend, ranks } from './trend-tests.js';

/** How two series of the same windows go together. */
export interface Association {
  /** Spearman's rank correlation of what is left of both when their lines over time are taken out. */
  readonly rho: number;
  /** Chance of as high a correlation, or of two rising trends, between series that have nothing to do with each other. */
  readonly p: number;
}

/**
 * Whether one series is higher when the other is, one-sided. Two questions share the level: do both rise over the run
 * (Mann-Kendall on each, of which the weaker one counts), and do their variations about their lines over time go
 * together. Both series resemble themselves some windows later; the second question counts only as many windows as are
 * independent (Bartlett 1946, in the form of Pyper and Peterman 1998).
 */
export function association(
  times: readonly number[],
  a: readonly number[],
  b: readonly number[],
): Association {
  const trends = [a, b].map((values) => monotoneTrend(times, values));
  const bothRise = trends.every(({ slope }) => slope > 0) ? Math.max(...trends.map(({ p }) => p)) : 1;
  const [x, y] = [a, b].map((values) => standardized(ranks(withoutLine(times, values))));
  if (x === undefined || y === undefined) return { rho: 0, p: Math.min(1, 2 * bothRise) };
  const rho = mean(x.map((value, i) => value * (y[i] ?? 0)));
  const freedom = independentPairs(x, y) - 2;
  const t = rho * Math.sqrt(freedom / Math.max(1e-12, 1 - rho * rho));
  return { rho, p: Math.min(1, 2 * Math.min(bothRise, studentTail(t, freedom))) };
}

/** Number of independent pairs of values that say as much as these, at least 3. */
function independentPairs(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  let inverse = 1 / n;
  for (let lag = 1; lag <= n / 5; lag++) {
    inverse += (2 / n) * ((n - lag) / n) * autocorrelation(x, lag) * autocorrelation(y, lag);
  }
  return Math.max(3, Math.min(n, inverse > 0 ? 1 / inverse : n));
}

/** Of standardized values, its bias taken out as Pyper and Peterman do. */
function autocorrelation(values: readonly number[], lag: number): number {
  const n = values.length;
  let sum = 0;
  for (let i = lag; i < n; i++) sum += (values[i] ?? 0) * (values[i - lag] ?? 0);
  return sum / (n - lag);
}

/** Values less their least-squares line. */
function withoutLine(times: readonly number[], values: readonly number[]): number[] {
  const [middle, level] = [mean(times), mean(values)];
  const squares = times.reduce((sum, time) => sum + (time - middle) ** 2, 0);
  const products = times.reduce((sum, time, i) => sum + (time - middle) * (values[i] ?? 0), 0);
  const slope = squares === 0 ? 0 : products / squares;
  return values.map((value, i) => value - level - slope * ((times[i] ?? 0) - middle));
}

/** Mean 0 and variance 1; undefined where all are equal. */
function standardized(values: readonly number[]): number[] | undefined {
  const level = mean(values);
  const spread = Math.sqrt(mean(values.map((value) => (value - level) ** 2)));
  return spread === 0 ? undefined : values.map((value) => (value - level) / spread);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
