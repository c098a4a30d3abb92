/** A rate at a time. */
export interface RatePoint {
  /** ns after the start of the series. */
  readonly atNs: number;
  /** Requests per second; above 0. */
  readonly perSecond: number;
}

/** A stretch over which the rate is linear. */
interface Stretch {
  readonly startNs: number;
  readonly lengthNs: number;
  /** Rates at its ends, requests per ns. */
  readonly from: number;
  readonly to: number;
}

/**
 * Due times under a rate that changes, in integer ns: each call returns the next. Between points the rate is linear,
 * before the first and after the last it is constant. `nextGap` draws gaps of mean 1; request k is due when the rate,
 * integrated over time, reaches the sum of k gaps. So exponential gaps give the Poisson process of that rate, and the
 * number of requests up to any time follows the integral, however slowly the rate changes.
 */
export function openRateSeries(points: readonly RatePoint[], nextGap: () => number): () => number {
  const stretches = stretchesOf(points);
  let at = 0;
  /** Requests due before the current stretch, and gaps drawn so far. */
  let before = 0;
  let gaps = 0;
  return () => {
    gaps += nextGap();
    for (;;) {
      const stretch = stretches[at];
      if (stretch === undefined) throw new Error('a rate series without an end');
      const { startNs, lengthNs, from, to } = stretch;
      const inside = (lengthNs * (from + to)) / 2;
      const wanted = gaps - before;
      if (wanted > inside) {
        before += inside;
        at++;
        continue;
      }
      // Solves from·x + (slope/2)·x² = wanted, in the form that does not cancel for a slope near 0.
      const slope = Number.isFinite(lengthNs) ? (to - from) / lengthNs : 0;
      return Math.round(startNs + (2 * wanted) / (from + Math.sqrt(from * from + 2 * slope * wanted)));
    }
  };
}

function stretchesOf(points: readonly RatePoint[]): Stretch[] {
  const perNs = points.map(({ perSecond }) => perSecond / 1e9);
  const ends = [...points.map(({ atNs }) => atNs), Number.POSITIVE_INFINITY];
  return ends.flatMap((endNs, i) => {
    const startNs = i === 0 ? 0 : (ends[i - 1] ?? 0);
    const [from, to] = [perNs[i - 1] ?? perNs[0] ?? 0, perNs[i] ?? perNs.at(-1) ?? 0];
    return endNs === startNs ? [] : [{ startNs, lengthNs: endNs - startNs, from, to }];
  });
}

/** The rate of a series at a time, requests per second; undefined without points. */
export function rateAt(points: readonly RatePoint[], atNs: number): number | undefined {
  const next = points.findIndex((point) => point.atNs > atNs);
  const [from, to] = [points.at(next === -1 ? -1 : Math.max(0, next - 1)), points[next]];
  if (from === undefined || to === undefined || from === to) return from?.perSecond;
  return from.perSecond + ((to.perSecond - from.perSecond) * (atNs - from.atNs)) / (to.atNs - from.atNs);
}
