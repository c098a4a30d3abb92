import { percent, withCommas } from '../metrics/format.js';
import type { Estimate } from '../metrics/noise.js';
import type { ComparedPoint, TradeOffVerdict } from '../metrics/trade-off.js';
import type { GpuCount } from '../run/configuration.js';
import { counted } from '../util/counted.js';
import { andList } from '../util/lists.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import {
  called,
  clientLimitedWords,
  frontierWords,
  type RecommendedPoints,
  recommendedPoints,
  tieReason,
  tieSentence,
  type WeighedPoints,
} from './trade-off-words.js';
import { joinLines, wrap } from './wrap.js';

/** A point of a sweep as it is shown. */
export interface ShownPoint extends ComparedPoint {
  /** Values of the swept options, in the order of the columns. */
  readonly cells: readonly string[];
}

/** Points that do the same work, and what they come to; a sweep over loads has one group. */
export interface ShownGroup {
  /** E.g. `isl 100`; empty where there is one group. */
  readonly work: string;
  readonly points: readonly ShownPoint[];
  readonly verdict: TradeOffVerdict;
}

/** A knee lies between two other points. */
const FEWEST_FOR_KNEE = 3;

/** What a report of a sweep needs to know besides its points. */
export interface SweepReportFacts {
  /** Titles of the swept options. */
  readonly columns: readonly string[];
  /** Whether the table over all points is printed. */
  readonly hasTable: boolean;
  /** What the names of points are values of, e.g. `concurrency`; empty where they say so themselves. */
  readonly subject: string;
  /** Name of the option that the knee is looked for along, e.g. `concurrency`. */
  readonly load: string | undefined;
  /** GPUs of the server, where they are known. */
  readonly gpus: GpuCount | undefined;
  readonly streams: boolean;
  /** The objectives, e.g. `Time to First Token ≤ 370.00 ms`; empty: none. */
  readonly objectives: readonly string[];
  /** Share of good requests that a point needs to be recommended. */
  readonly goodShare: number;
  readonly confidenceLevel: number;
  /** Whether any point was run more than once. */
  readonly repeated: boolean;
}

/** The table over all points, the frontier, its knee, and what to choose; each line ended by a line feed. */
export function sweepReport(groups: readonly ShownGroup[], facts: SweepReportFacts, layout: Layout): string {
  const words = [
    ...(facts.gpus === undefined ? [] : [`tokens/s/GPU = total tokens/s / ${gpusText(facts.gpus)}.`]),
    ...(facts.repeated
      ? [
          `± is the half width of the interval of ${shareText(facts.confidenceLevel)} confidence (Student's t).`,
        ]
      : []),
    ...(facts.streams
      ? []
      : ['tokens/s/user = output tokens / request latency, since nothing was streamed.']),
    ...groups.flatMap((group) => groupLines(group, facts)),
  ].flatMap((line) => wrap(line, layout.width, 4));
  return joinLines(['', ...(facts.hasTable ? sweepTable(groups, facts, layout) : []), ...words]);
}

/** The number of GPUs, and how it is known. */
function gpusText({ gpus, from }: GpuCount): string {
  const count = counted(gpus, 'GPU');
  return from === '--num-gpus'
    ? `${count} (--num-gpus)`
    : `${count} that worked, by GPU telemetry (--num-gpus sets another number)`;
}

function sweepTable(groups: readonly ShownGroup[], facts: SweepReportFacts, layout: Layout): string[] {
  const { columns, gpus, streams, objectives } = facts;
  const value = (header: string) => ({ header, yields: 'at spaces' }) as const;
  const rows = groups.flatMap(({ points, verdict }) =>
    points.map((point, i) => [
      ...point.cells,
      estimate(point.throughput),
      ...(gpus === undefined ? [] : [estimate(perGpu(point.throughput, gpus.gpus))]),
      estimate(point.perUser),
      estimate(delay(point)),
      ...(objectives.length === 0 ? [] : [shareText(point.goodShare)]),
      [
        ...(verdict.frontier.includes(i) ? ['●'] : []),
        ...(verdict.knee === i ? ['knee'] : []),
        ...(point.clientLimited ? ['client limited'] : []),
      ].join(' '),
    ]),
  );
  return drawTable(
    {
      title: 'AIPerf | Sweep',
      columns: [
        ...columns.map((header) => ({ header, style: 'cyan', yields: 'at spaces' }) as const),
        value('Total tokens/s'),
        ...(gpus === undefined ? [] : [value('tokens/s/GPU')]),
        value('tokens/s/user'),
        value(streams ? 'TTFT avg (ms)' : 'Latency avg (ms)'),
        ...(objectives.length === 0 ? [] : [value('Good requests')]),
        { header: 'Frontier', align: 'left', style: 'bold' },
      ],
      rows,
    },
    layout,
  );
}

/** What a group's points come to, in words; nothing where there is nothing to compare. */
function groupLines({ work, points, verdict }: ShownGroup, facts: SweepReportFacts): string[] {
  if (points.length < 2) return [];
  const weighed = { points, verdict, subject: facts.subject };
  const axis = facts.gpus === undefined ? 'total tokens/s' : 'tokens/s/GPU';
  const tie = tieSentence(weighed);
  return [
    '',
    ...(work === '' ? [] : [`With ${work}:`]),
    ...clientLimitedWords(weighed),
    verdict.frontier.length === 0
      ? 'Pareto frontier: none, since no point has both total tokens/s and tokens/s/user.'
      : (tie ?? `Pareto frontier (● ${axis} against tokens/s/user): ${frontierWords(weighed)}.`),
    ...(facts.load === undefined || tie !== undefined ? [] : [kneeLine(weighed, facts.load)]),
    ...(tie === undefined ? recommendationLines(weighed, facts) : []),
  ];
}

function kneeLine(weighed: WeighedPoints, load: string): string {
  const { points, verdict } = weighed;
  const { frontier, knee } = verdict;
  const method = `Kneedle, total tokens/s over ${load}`;
  if (points.length < FEWEST_FOR_KNEE) {
    return `Knee (${method}): needs ${FEWEST_FOR_KNEE} points; there are ${points.length}.`;
  }
  if (knee === undefined)
    return `Knee (${method}): none; throughput neither levels off nor falls clearly in this range.`;
  const beyond = frontier.includes(knee) ? '' : ', which is not on the frontier';
  return `Knee (${method}): ${called([knee], weighed, 'list')}${beyond}.`;
}

function recommendationLines(weighed: WeighedPoints<ShownPoint>, facts: SweepReportFacts): string[] {
  const { points, verdict } = weighed;
  const recommended = recommendedPoints(weighed);
  if (recommended.length === 0) return facts.objectives.length === 0 ? [] : [noneHolds(weighed, facts)];
  const missed = points.filter((_, i) => !verdict.eligible.includes(i));
  return [
    ...(facts.objectives.length === 0
      ? []
      : [
          `Only points where ${shareText(facts.goodShare)} of all requests meet ${andList(facts.objectives)} are recommended` +
            (missed.length === 0 ? '; all do.' : `; ${missedText(missed)} not.`),
        ]),
    'Recommendation, by what matters most:',
    ...recommended.map((entry) => `  ${recommendationLine(entry, weighed, facts)}`),
  ];
}

/** `Balanced: concurrency 50 to 200, the knee: 6,445.00 to 17,999.50 tokens/s/GPU, …`. */
function recommendationLine(
  recommended: RecommendedPoints,
  weighed: WeighedPoints<ShownPoint>,
  facts: SweepReportFacts,
): string {
  const { title, priorities, points: indices } = recommended;
  const { knee } = weighed.verdict;
  const isKnee = knee !== undefined && indices.includes(knee);
  const throughput = facts.gpus === undefined ? 'total tokens/s' : 'tokens/s/GPU';
  const reasons = {
    userExperience: 'the most tokens/s/user',
    balanced: isKnee ? 'the knee' : 'nearest to the best of both',
    cost: `the most ${throughput}`,
  };
  const why =
    indices.length > 1 ? tieReason(recommended, throughput) : andList(priorities.map((key) => reasons[key]));
  const shown = indices.flatMap((i) => weighed.points[i] ?? []);
  return `${title}: ${called(indices, weighed, 'range')}, ${why}: ${figures(shown, facts)}.`;
}

function missedText(missed: readonly ShownPoint[]): string {
  const names = missed.map(({ name, goodShare }) => `${name} (${shareText(goodShare)})`);
  return `${andList(names)} ${names.length === 1 ? 'does' : 'do'}`;
}

function noneHolds(weighed: WeighedPoints, { goodShare, objectives }: SweepReportFacts): string {
  const { points } = weighed;
  const most = Math.max(...points.map((point) => point.goodShare ?? 0));
  const nearest = points.flatMap((point, i) => ((point.goodShare ?? 0) === most ? [i] : []));
  return (
    `No recommendation: at no point do ${shareText(goodShare)} of all requests meet ${andList(objectives)}; ` +
    `nearest: ${called(nearest, weighed, 'range')} with ${shareText(most)}.`
  );
}

/** What a recommendation rests on; of several points the least and the greatest of each figure. */
function figures(points: readonly ShownPoint[], { gpus, streams, objectives }: SweepReportFacts): string {
  const range = (texts: readonly string[]) => {
    const [low, high] = [texts[0], texts.at(-1)];
    return low === high ? low : `${low} to ${high}`;
  };
  const of = (pick: (point: ShownPoint) => Estimate | undefined) =>
    range(
      points
        .map(pick)
        .sort((a, b) => (a?.mean ?? 0) - (b?.mean ?? 0))
        .map(estimate),
    );
  const shares = points.map(({ goodShare }) => goodShare).sort((a = 0, b = 0) => a - b);
  const parts = [
    gpus === undefined
      ? `${of(({ throughput }) => throughput)} total tokens/s`
      : `${of(({ throughput }) => perGpu(throughput, gpus.gpus))} tokens/s/GPU`,
    `${of(({ perUser }) => perUser)} tokens/s/user`,
    `${streams ? 'TTFT' : 'latency'} ${of(delay)} ms`,
    ...(objectives.length === 0 ? [] : [`${range(shares.map(shareText))} good`]),
  ];
  return parts.join(', ');
}

/** Mean time to the first token; of the whole request if nothing streams. */
function delay({ ttft, latency }: ComparedPoint): Estimate | undefined {
  return ttft ?? latency;
}

function perGpu(value: Estimate | undefined, gpus: number): Estimate | undefined {
  if (value === undefined) return undefined;
  const [mean, ciLow, ciHigh] = [value.mean / gpus, value.ciLow / gpus, value.ciHigh / gpus];
  return { mean, ciLow, ciHigh, noise: value.noise / gpus };
}

function estimate(value: Estimate | undefined): string {
  if (value === undefined) return 'N/A';
  const margin = (value.ciHigh - value.ciLow) / 2;
  return margin === 0 ? withCommas(value.mean) : `${withCommas(value.mean)} ± ${withCommas(margin)}`;
}

/** `95 %`, `99.5 %`. */
function shareText(share: number | undefined): string {
  return share === undefined ? 'N/A' : percent(share).replace('.0 %', ' %');
}
