import { kneedle } from './knee.js';
import { nearestToIdeal, paretoFrontier } from './pareto.js';
import { overlap, type Repeats } from './repeats.js';

/** A measured value with its confidence interval, which is the value itself for a single run. */
export type Estimate = Pick<Repeats, 'mean' | 'ciLow' | 'ciHigh'>;

/** What a server came to at one point of a sweep; undefined values were not measured. */
export interface OperatingPoint {
  /** How hard it was pressed, e.g. the streams; undefined where points do not differ by one such number. */
  readonly load: number | undefined;
  /** Output tokens a second of all users together, or per GPU. */
  readonly throughput: Estimate | undefined;
  /** Output tokens a second that each user sees. */
  readonly perUser: Estimate | undefined;
  /** Share of all requests that kept every objective; undefined where there are none. */
  readonly goodShare: number | undefined;
}

/** A point recommended for a priority. */
export interface Recommendation {
  readonly point: number;
  /** Points that cannot be told from it in what it was picked for: their intervals overlap. */
  readonly ties: readonly number[];
}

/** What a sweep over the same work comes to; numbers are indices of its points. */
export interface TradeOffVerdict {
  /** Of throughput against throughput per user, the best for a user last. */
  readonly frontier: readonly number[];
  /** Of throughput over load, by Kneedle. */
  readonly knee: number | undefined;
  /** Points that may be recommended: all, or those that hold the objectives. */
  readonly eligible: readonly number[];
  /** The most throughput per user. */
  readonly userExperience: Recommendation | undefined;
  /** The knee where it is on the frontier, else the point of that nearest to the best of both. */
  readonly balanced: Recommendation | undefined;
  /** The most throughput. */
  readonly cost: Recommendation | undefined;
}

/**
 * Weighs points of a sweep against each other: the frontier, its knee, and one point for each priority.
 * @param goodShare share of good requests that a point needs to be recommended, where it has one.
 */
export function weigh(points: readonly OperatingPoint[], goodShare: number): TradeOffVerdict {
  const frontierOf = (indices: readonly number[]) =>
    paretoFrontier(indices.map((i) => axesOf(points[i]))).flatMap((place) => indices[place] ?? []);
  const all = points.map((_, i) => i);
  const knee = kneeOf(points);
  const eligible = all.filter((i) => (points[i]?.goodShare ?? 1) >= goodShare);
  const choice = frontierOf(eligible);
  const compromise = nearestToIdeal(choice.map((i) => axesOf(points[i])));
  const balanced = knee !== undefined && choice.includes(knee) ? knee : choice[compromise ?? -1];
  const picked = (point: number | undefined, ...measures: readonly ('throughput' | 'perUser')[]) =>
    point === undefined
      ? undefined
      : { point, ties: eligible.filter((i) => i !== point && isTie(points[i], points[point], measures)) };
  return {
    frontier: frontierOf(all),
    knee,
    eligible,
    userExperience: picked(choice.at(-1), 'perUser'),
    balanced: picked(balanced, 'throughput', 'perUser'),
    cost: picked(choice[0], 'throughput'),
  };
}

/** A point that beats another on one axis and equals it on the other, or beats it on both; the first there is. */
export function beaterOf(point: number, points: readonly OperatingPoint[]): number | undefined {
  const { x, y } = axesOf(points[point]);
  const found = points.findIndex((other) => {
    const axes = axesOf(other);
    return axes.x >= x && axes.y >= y && (axes.x > x || axes.y > y);
  });
  return found < 0 ? undefined : found;
}

function kneeOf(points: readonly OperatingPoint[]): number | undefined {
  const curve = points.flatMap(({ load, throughput }, index) =>
    load === undefined || throughput === undefined ? [] : [{ x: load, y: throughput.mean, index }],
  );
  return curve[kneedle(curve) ?? -1]?.index;
}

function axesOf(point: OperatingPoint | undefined) {
  return { x: point?.perUser?.mean ?? Number.NaN, y: point?.throughput?.mean ?? Number.NaN };
}

/** Whether two points cannot be told apart in any of these measures: their intervals overlap. */
export function isTie(
  a: OperatingPoint | undefined,
  b: OperatingPoint | undefined,
  measures: readonly ('throughput' | 'perUser')[] = ['throughput', 'perUser'],
): boolean {
  return measures.every((measure) => {
    const [one, other] = [a?.[measure], b?.[measure]];
    return one !== undefined && other !== undefined && overlap(one, other);
  });
}
