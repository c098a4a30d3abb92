import {
  type ComparedPoint,
  dominatorOf,
  type OperatingPoint,
  type TradeOffVerdict,
} from '../metrics/trade-off.js';
import { andList } from '../util/lists.js';

/** Points that were weighed against each other. */
export interface WeighedPoints<Point extends ComparedPoint = ComparedPoint> {
  readonly points: readonly Point[];
  readonly verdict: TradeOffVerdict;
  /** What the names are values of, e.g. `concurrency`; empty where they say so themselves. */
  readonly subject: string;
}

/** What a recommendation is for, in the order in which they are shown. */
const priorities = [
  ['userExperience', 'User experience'],
  ['balanced', 'Balanced'],
  ['cost', 'Lowest cost'],
] as const;

type Priority = (typeof priorities)[number][0];

/** Points recommended for one priority or several. */
export interface RecommendedPoints {
  readonly priorities: readonly Priority[];
  /** `User experience and Balanced`. */
  readonly title: string;
  /** Indices, by load; several where they do not differ beyond noise. */
  readonly points: readonly number[];
}

/** What is recommended; priorities for which the same points are best share one entry. */
export function recommendedPoints({ points, verdict }: WeighedPoints): RecommendedPoints[] {
  const found = new Map<string, { keys: Priority[]; titles: string[]; points: readonly number[] }>();
  for (const [key, title] of priorities) {
    const chosen = verdict[key];
    if (chosen === undefined) continue;
    const all = inOrder([chosen.point, ...chosen.ties], points);
    const same = found.get(all.join());
    if (same === undefined) found.set(all.join(), { keys: [key], titles: [title], points: all });
    else {
      same.keys.push(key);
      same.titles.push(title.toLowerCase());
    }
  }
  return [...found.values()].map(({ keys, titles, points: all }) => ({
    priorities: keys,
    title: andList(titles),
    points: all,
  }));
}

/** Why several points are recommended together. @param throughput the unit of what counts for the lowest cost. */
export function tieReason({ priorities: keys }: RecommendedPoints, throughput: string): string {
  const [only] = keys;
  if (keys.length > 1 || only === 'balanced') return 'no difference beyond noise';
  return `no difference in ${only === 'cost' ? throughput : 'tokens/s/user'} beyond noise`;
}

/** The frontier, and which of its points dominates each other point: `concurrency 1 and 2; 4 is dominated by 2`. */
export function frontierWords(weighed: WeighedPoints): string {
  const { points, verdict } = weighed;
  const dominated = points.flatMap(({ name }, i) => {
    const by = dominatorOf(i, points, verdict);
    return by === undefined ? [] : [`${name} is dominated by ${points[by]?.name ?? ''}`];
  });
  return [called(verdict.frontier, weighed, 'list'), ...dominated].join('; ');
}

/** Points that are one tie in a sentence; undefined where some two differ. */
export function tieSentence(weighed: WeighedPoints): string | undefined {
  const { verdict } = weighed;
  return verdict.isTie
    ? `No difference beyond noise between ${called(verdict.frontier, weighed, 'list')}: none is recommended over another.`
    : undefined;
}

/** A sentence where this client was the limit at some points: no chart shows that. */
export function clientLimitedWords(weighed: WeighedPoints): string[] {
  const limited = weighed.points.flatMap(({ clientLimited }, i) => (clientLimited ? [i] : []));
  return limited.length === 0
    ? []
    : [
        `This client was the limit at ${called(limited, weighed, 'list')}: the server may do better there than these figures show.`,
      ];
}

/**
 * Points by name: `concurrency 10, 50 and 100`; as a range, neighbours in load are `concurrency 10 to 100`.
 * @param indices in the order to name them.
 */
export function called(
  indices: readonly number[],
  { points, subject }: WeighedPoints,
  form: 'list' | 'range',
): string {
  const names = indices.flatMap((i) => points[i]?.name ?? []);
  const text =
    form === 'range' && areNeighbours(indices, points) ? `${names[0]} to ${names.at(-1)}` : andList(names);
  return subject === '' ? text : `${subject} ${text}`;
}

function inOrder(indices: readonly number[], points: readonly OperatingPoint[]): readonly number[] {
  return [...indices].sort((a, b) => (points[a]?.load ?? a) - (points[b]?.load ?? b));
}

/** Several points with a load, and no other one between them. */
function areNeighbours(indices: readonly number[], points: readonly OperatingPoint[]): boolean {
  const loads = indices.map((i) => points[i]?.load ?? Number.NaN);
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  const between = points.filter(({ load = Number.NaN }) => load >= least && load <= most);
  return indices.length > 1 && new Set(loads).size === between.length && between.length === indices.length;
}
