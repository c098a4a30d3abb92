import { normalTail, studentTail } from './distributions.js';

/** A stretch of a series whose level differs from that of all the rest. */
export interface Stretch {
  /** Half-open, positions in the series. */
  readonly from: number;
  readonly to: number;
  /** Its mean minus that of the rest. */
  readonly shift: number;
  /** Chance to see as much in a series of one level, over all stretches that were tried. */
  readonly p: number;
  /** Sum of squared residuals when both levels are taken out. */
  readonly residual: number;
}

/** A monotone trend. */
export interface Slope {
  /** Theil-Sen: the median over all pairs, change of value for one of time; and its 95 % interval. */
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** Mann-Kendall, two-sided. */
  readonly p: number;
}

const Z_975 = 1.959963984540054;

/**
 * The stretch that stands out most (Levin and Kline 1985: a mean that changes, and may change back). Stretches are at
 * most half as long as the series; those at its start are one family of tries, all others another. Undefined for
 * fewer than four values.
 */
export function standingOut(values: readonly number[]): Stretch | undefined {
  const n = values.length;
  if (n < 4) return undefined;
  const longest = Math.floor(n / 2);
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  const total = sums[n] ?? 0;
  const squares = values.reduce((sum, value) => sum + (value - total / n) ** 2, 0);
  // Of each family the one that explains most; with the same variance explained the test is the same.
  const best = { start: { explained: 0, from: 0, to: 0 }, later: { explained: 0, from: 0, to: 0 } };
  for (let from = 0; from < n; from++) {
    for (let to = from + 1; to <= Math.min(n, from + longest); to++) {
      const k = to - from;
      const inside = (sums[to] ?? 0) - (sums[from] ?? 0);
      const explained = ((inside - (k * total) / n) ** 2 * n) / (k * (n - k));
      const family = from === 0 ? best.start : best.later;
      if (explained > family.explained) Object.assign(family, { explained, from, to });
    }
  }
  const tries = { start: longest, later: longest * (n - 1) - (longest * (longest - 1)) / 2 };
  const candidates = (['start', 'later'] as const).map((family) =>
    judged(values, best[family], squares, tries[family]),
  );
  return candidates.reduce((a, b) => (b.p < a.p ? b : a));
}

/** The p of one stretch: a t-test with a common variance, corrected for neighbours that resemble each other. */
function judged(
  values: readonly number[],
  { explained, from, to }: { explained: number; from: number; to: number },
  squares: number,
  tries: number,
): Stretch {
  const n = values.length;
  const inside = mean(values.slice(from, to));
  const outside = mean([...values.slice(0, from), ...values.slice(to)]);
  const residuals = values.map((value, i) => value - (i >= from && i < to ? inside : outside));
  const residual = Math.max(0, squares - explained);
  const likeness = neighbourLikeness(residuals);
  const spread =
    (residual / (n - 2)) * (meanVariance(to - from, likeness) + meanVariance(n - to + from, likeness));
  const t = Math.abs(inside - outside) / Math.sqrt(spread);
  const p = explained === 0 ? 1 : Math.min(1, tries * 2 * studentTail(t, n - 2));
  return { from, to, shift: inside - outside, p, residual };
}

/** The trend of values over time, whatever its form, as long as it goes one way. */
export function monotoneTrend(times: readonly number[], values: readonly number[]): Slope {
  const n = values.length;
  const slopes: number[] = [];
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const rise = (values[j] ?? 0) - (values[i] ?? 0);
      s += Math.sign(rise);
      slopes.push(rise / ((times[j] ?? 0) - (times[i] ?? 0)));
    }
  }
  const sorted = Float64Array.from(slopes).sort();
  const at = (rank: number) => sorted[Math.max(0, Math.min(sorted.length - 1, rank))] ?? 0;
  const middle = (sorted.length - 1) / 2;
  const slope = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const flat = values.map((value, i) => value - slope * (times[i] ?? 0));
  const variance = kendallVariance(values) * n * meanVariance(n, neighbourLikeness(centred(flat))) || 1;
  const z = (s - Math.sign(s)) / Math.sqrt(variance);
  const reach = Z_975 * Math.sqrt(variance);
  return {
    slope,
    low: at(Math.floor((sorted.length - reach) / 2)),
    high: at(Math.ceil((sorted.length + reach) / 2)),
    p: Math.min(1, 2 * normalTail(Math.abs(z))),
  };
}

/** Spearman's rank correlation, and the chance of one at least as high without any. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): { rho: number; p: number } {
  const [x, y] = [centred(ranks(a)), centred(ranks(b))];
  const rho = product(x, y) / Math.sqrt(product(x, x) * product(y, y));
  if (Number.isNaN(rho)) return { rho: 0, p: 1 };
  const likeness = neighbourLikeness(x) * neighbourLikeness(y);
  const n = Math.max(3, (a.length * (1 - likeness)) / (1 + likeness));
  const t = rho * Math.sqrt((n - 2) / Math.max(1e-12, 1 - rho * rho));
  return { rho, p: studentTail(t, n - 2) };
}

/** Sum of squared residuals about the least-squares line. */
export function lineResidual(times: readonly number[], values: readonly number[]): number {
  const [x, y] = [centred(times), centred(values)];
  return product(y, y) - product(x, y) ** 2 / product(x, x);
}

/** Variance of Kendall's S with ties. */
function kendallVariance(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  return [...counts.values()].reduce((rest, ties) => rest - term(ties), term(values.length)) / 18;
}

/** Variance of the mean of `n` neighbours of a first-order process with variance 1. */
function meanVariance(n: number, likeness: number): number {
  const apart = 1 - likeness;
  const long = (1 + likeness) / apart;
  return (long - (2 * likeness * (1 - likeness ** n)) / (n * apart ** 2)) / n;
}

/** First-order autocorrelation, its bias taken out (Marriott and Pope 1954), from 0 to 0.9. */
function neighbourLikeness(centredValues: readonly number[]): number {
  const n = centredValues.length;
  const own = product(centredValues, centredValues);
  if (own === 0 || n < 6) return 0;
  const raw = product(centredValues.slice(1), centredValues.slice(0, -1)) / own;
  return Math.max(0, Math.min(0.9, (raw + 1 / n) / (1 - 4 / n)));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Array<number>(values.length).fill(0);
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && values[order[end] ?? 0] === values[order[first] ?? 0]) end++;
    for (let i = first; i < end; i++) result[order[i] ?? 0] = (first + 1 + end) / 2;
    first = end;
  }
  return result;
}

function centred(values: readonly number[]): number[] {
  const middle = mean(values);
  return values.map((value) => value - middle);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
