import { kneedle } from './knee.js';
import { compareBeyondNoise, type Estimate } from './noise.js';
import { nearestToIdeal } from './pareto.js';

/** What a server came to at one point of a sweep; undefined values were not measured. */
export interface OperatingPoint {
  /** How hard it was pressed, e.g. the streams; undefined where points do not differ by one such number. */
  readonly load: number | undefined;
  /** Output tokens a second of all users together, or per GPU. */
  readonly throughput: Estimate | undefined;
  /** Output tokens a second that each user sees. */
  readonly perUser: Estimate | undefined;
  /** Share of all requests that met every objective; undefined where there are none. */
  readonly goodShare: number | undefined;
  /** In one of its runs this client was the limit: its own delays are in the figures. */
  readonly clientLimited: boolean;
  /** One of its runs covers only a part of its load: it is not weighed. Absent: none. */
  readonly isIncomplete?: boolean;
}

/** A run, or repeats of it, among others. Times are means, ms. */
export interface ComparedPoint extends OperatingPoint {
  /** Short and unique: `50`, or `concurrency 50 with rate 2.0`. */
  readonly name: string;
  /** How many runs its values are the means of. */
  readonly runs: number;
  readonly ttft: Estimate | undefined;
  /** Of the whole request. */
  readonly latency: Estimate | undefined;
  /** Of all GPUs together, watts; absent without GPU telemetry. */
  readonly gpuPower?: Estimate | undefined;
  /** Output tokens per joule of all GPUs; absent without GPU telemetry. */
  readonly tokensPerJoule?: Estimate | undefined;
}

/** A point recommended for a priority. */
export interface Recommendation {
  readonly point: number;
  /** Points of the same frontier that do not differ from it beyond noise in what the priority is about. */
  readonly ties: readonly number[];
}

/** The verdict on a sweep over the same work; numbers are indices of its points. */
export interface TradeOffVerdict {
  /** Of throughput against throughput per user, by load, else in the order of the points. */
  readonly frontier: readonly number[];
  /** Of throughput over load, by Kneedle. */
  readonly knee: number | undefined;
  /** Points that may be recommended: all that are complete, or those of them that hold the objectives. */
  readonly eligible: readonly number[];
  /** There are several complete points, and no two of them differ beyond noise: none is recommended. */
  readonly isTie: boolean;
  /** The most throughput per user. */
  readonly userExperience: Recommendation | undefined;
  /** The knee where it is on the frontier, else the point of that nearest to the best of both. */
  readonly balanced: Recommendation | undefined;
  /** The most throughput. */
  readonly cost: Recommendation | undefined;
}

/** Measured values of a point, the larger the better; undefined where it was not measured. */
export interface Axes {
  readonly x: Estimate | undefined;
  readonly y: Estimate | undefined;
}

const bothAxes = ['x', 'y'] as const;

/**
 * Weighs points of a sweep against each other: the frontier, its knee, and one point for each priority.
 * @param goodShare share of good requests that a point needs to be recommended, where it has one.
 */
export function weigh(points: readonly OperatingPoint[], goodShare: number): TradeOffVerdict {
  const axes = points.map(axesOf);
  const all = points.flatMap(({ isIncomplete }, i) => (isIncomplete === true ? [] : [i]));
  const byLoad = (indices: readonly number[]) =>
    [...indices].sort((a, b) => (points[a]?.load ?? a) - (points[b]?.load ?? b) || a - b);
  const frontier = byLoad(frontierOf(all, axes));
  const isTie =
    frontier.length > 1 &&
    frontier.length === all.length &&
    all.every((a) => all.every((b) => areTied(axes[a], axes[b])));
  const knee = isTie ? undefined : kneeOf(points);
  const eligible = all.filter((i) => (points[i]?.goodShare ?? 1) >= goodShare);
  const choice = isTie ? [] : byLoad(frontierOf(eligible, axes));
  const most = (axis: keyof Axes) =>
    choice.reduce<number | undefined>(
      (best, i) =>
        best === undefined || (axes[i]?.[axis]?.mean ?? 0) > (axes[best]?.[axis]?.mean ?? 0) ? i : best,
      undefined,
    );
  // What does not differ from the best beyond noise is as near to the ideal as that.
  const levelled = (i: number, axis: keyof Axes) => {
    const best = most(axis) ?? i;
    return axes[compared(axes[i], axes[best], axis) === 0 ? best : i]?.[axis]?.mean ?? Number.NaN;
  };
  const compromise = nearestToIdeal(choice.map((i) => ({ x: levelled(i, 'x'), y: levelled(i, 'y') })));
  const picked = (point: number | undefined, ...judged: (keyof Axes)[]): Recommendation | undefined =>
    point === undefined
      ? undefined
      : { point, ties: choice.filter((i) => i !== point && areTied(axes[i], axes[point], judged)) };
  return {
    frontier,
    knee,
    eligible,
    isTie,
    userExperience: picked(most('x'), 'x'),
    balanced: picked(knee !== undefined && choice.includes(knee) ? knee : choice[compromise ?? -1], 'x', 'y'),
    cost: picked(most('y'), 'y'),
  };
}

/**
 * The frontier: no other point of it dominates one, that is, is at least as good on both axes, and better on one of
 * them beyond noise. Every measured point that is not on it is dominated by one that is.
 * @param indices of those weighed. @returns those on it, in their order.
 */
export function frontierOf(indices: readonly number[], axes: readonly Axes[]): number[] {
  let open = indices.filter((i) => axes[i]?.x !== undefined && axes[i]?.y !== undefined);
  const isDominated = (i: number, by: readonly number[]) =>
    by.some((other) => dominates(axes[other], axes[i]));
  // Ties are not transitive: a point that is itself dominated must not push a third one off the frontier.
  const kept: number[] = [];
  while (open.length > 0) {
    const best = open.filter((i) => !isDominated(i, open));
    if (best.length === 0) break;
    kept.push(...best);
    open = open.filter((i) => !best.includes(i) && !isDominated(i, best));
  }
  return kept.sort((a, b) => indices.indexOf(a) - indices.indexOf(b));
}

/** The point of the frontier that dominates this one; undefined where it is on it, or not measured. */
export function dominatorOf(
  point: number,
  points: readonly OperatingPoint[],
  { frontier }: TradeOffVerdict,
): number | undefined {
  if (frontier.includes(point) || points[point]?.isIncomplete === true) return undefined;
  const axes = points.map(axesOf);
  return frontier.find((other) => dominates(axes[other], axes[point]));
}

/**
 * At least as good on both axes, and better on one beyond noise. A tie is no evidence that a point with the lower value
 * is as good, so it dominates nothing by it.
 */
function dominates(a: Axes | undefined, b: Axes | undefined): boolean {
  const isAsGood = (axis: keyof Axes) => (a?.[axis]?.mean ?? Number.NaN) >= (b?.[axis]?.mean ?? Number.NaN);
  return bothAxes.every(isAsGood) && bothAxes.some((axis) => compared(a, b, axis) === 1);
}

/** Measured, and on none of these axes different beyond noise. */
function areTied(
  a: Axes | undefined,
  b: Axes | undefined,
  axes: readonly (keyof Axes)[] = bothAxes,
): boolean {
  return axes.every((axis) => compared(a, b, axis) === 0);
}

/** Undefined where a value was not measured. */
function compared(a: Axes | undefined, b: Axes | undefined, axis: keyof Axes): -1 | 0 | 1 | undefined {
  const [one, other] = [a?.[axis], b?.[axis]];
  return one === undefined || other === undefined ? undefined : compareBeyondNoise(one, other);
}

/** Undefined also where the throughput at the knee is that of the least load, but for noise. */
function kneeOf(points: readonly OperatingPoint[]): number | undefined {
  const curve = points.flatMap(({ load, throughput, isIncomplete }, index) =>
    load === undefined || throughput === undefined || isIncomplete === true
      ? []
      : [{ x: load, y: throughput.mean, throughput, index }],
  );
  const knee = curve[kneedle(curve) ?? -1];
  const [least] = [...curve].sort((a, b) => a.x - b.x);
  if (knee === undefined || least === undefined) return undefined;
  return compareBeyondNoise(knee.throughput, least.throughput) > 0 ? knee.index : undefined;
}

function axesOf({ perUser, throughput }: OperatingPoint): Axes {
  return { x: perUser, y: throughput };
}
