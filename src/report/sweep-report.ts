import { fixed, withCommas } from '../metrics/format.js';
import type { Estimate, OperatingPoint, TradeOffVerdict } from '../metrics/trade-off.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';
import { beatenWords, list, tieWords } from './trade-off-words.js';
import { wrap } from './wrap.js';

/** A point of a sweep as it is shown. */
export interface ShownPoint extends OperatingPoint {
  /** Values of the swept options, in the order of the columns. */
  readonly cells: readonly string[];
  /** What it is called among those of the same work, e.g. `50`, or `concurrency 50 with rate 2.0`. */
  readonly name: string;
  /** Mean time to the first token, ms; where nothing streams, of the whole request. */
  readonly latency: Estimate | undefined;
  /** This client was the limit: its own delays are in the figures. */
  readonly clientLimited: boolean;
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
  readonly gpus: number | undefined;
  readonly streams: boolean;
  /** The objectives, e.g. `time_to_first_token 370`; empty: none. */
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
    ...(facts.gpus === undefined ? [] : [`tokens/s/GPU = total tokens/s / ${facts.gpus} GPUs (--num-gpus).`]),
    ...(facts.repeated
      ? [`± is the half width of the interval of ${percent(facts.confidenceLevel)} confidence (Student's t).`]
      : []),
    ...(facts.streams
      ? []
      : ['tokens/s/user = output tokens / request latency, since nothing was streamed.']),
    ...groups.flatMap((group) => groupLines(group, facts)),
  ].flatMap((line) => wrap(line, layout.width, 4));
  return ['', ...(facts.hasTable ? sweepTable(groups, facts, layout) : []), ...words]
    .map((line) => `${line}\n`)
    .join('');
}

function sweepTable(groups: readonly ShownGroup[], facts: SweepReportFacts, layout: Layout): string[] {
  const { italic, cyan, green, bold } = stylesOf(layout);
  const { columns, gpus, streams, objectives } = facts;
  const value = (header: string) => ({ header, align: 'right', style: green, yields: 'at spaces' }) as const;
  const rows = groups.flatMap(({ points, verdict }) =>
    points.map((point, i) => [
      ...point.cells,
      estimate(point.throughput),
      ...(gpus === undefined ? [] : [estimate(perGpu(point.throughput, gpus))]),
      estimate(point.perUser),
      estimate(point.latency),
      ...(objectives.length === 0 ? [] : [percent(point.goodShare)]),
      `${verdict.frontier.includes(i) ? '●' : ''}${verdict.knee === i ? ' knee' : ''}`.trim(),
    ]),
  );
  return drawTable(
    {
      title: 'AIPerf | Sweep',
      titleStyle: italic,
      columns: [
        ...columns.map((header) => ({ header, align: 'right', style: cyan, yields: 'at spaces' }) as const),
        value('Total tokens/s'),
        ...(gpus === undefined ? [] : [value('tokens/s/GPU')]),
        value('tokens/s/user'),
        value(streams ? 'TTFT avg (ms)' : 'Latency avg (ms)'),
        ...(objectives.length === 0 ? [] : [value('Good requests')]),
        { header: 'Frontier', align: 'left', style: bold },
      ],
      rows: rows.map((cells) => cells.map((text) => ({ text }))),
    },
    layout.width,
  );
}

/** What a group's points come to, in words; nothing where there is nothing to compare. */
function groupLines({ work, points, verdict }: ShownGroup, facts: SweepReportFacts): string[] {
  if (points.length < 2) return [];
  const axis = facts.gpus === undefined ? 'total tokens/s' : 'tokens/s/GPU';
  const beaten = beatenWords(points, verdict, (i) => points[i]?.name ?? '');
  const limited = points.filter(({ clientLimited }) => clientLimited).map(({ name }) => name);
  const frontier = [...verdict.frontier].reverse().flatMap((i) => points[i]?.name ?? []);
  return [
    '',
    ...(work === '' ? [] : [`With ${work}:`]),
    verdict.frontier.length === 0
      ? 'Pareto frontier: none, since no point has both total tokens/s and tokens/s/user.'
      : `Pareto frontier (● ${axis} against tokens/s/user): ${[called(frontier, facts), ...beaten].join('; ')}.`,
    ...(facts.load === undefined ? [] : [kneeLine(verdict, points, facts.load, facts)]),
    ...recommendationLines(points, verdict, facts),
    ...(limited.length === 0
      ? []
      : [
          `This client was the limit at ${called(limited, facts)}: the server may do better there than these figures say.`,
        ]),
  ];
}

function kneeLine(
  { frontier, knee }: TradeOffVerdict,
  points: readonly ShownPoint[],
  load: string,
  facts: SweepReportFacts,
): string {
  const method = `Kneedle, total tokens/s over ${load}`;
  if (points.length < FEWEST_FOR_KNEE) return `Knee (${method}): cannot tell from ${points.length} points.`;
  if (knee === undefined)
    return `Knee (${method}): none; throughput neither levels off nor falls clearly in this range.`;
  const beaten = frontier.includes(knee) ? '' : ', which is not on the frontier';
  return `Knee (${method}): ${called([points[knee]?.name ?? ''], facts)}${beaten}.`;
}

function recommendationLines(
  points: readonly ShownPoint[],
  verdict: TradeOffVerdict,
  facts: SweepReportFacts,
): string[] {
  const { eligible, userExperience, balanced, cost, knee } = verdict;
  if (userExperience === undefined || balanced === undefined || cost === undefined) {
    return facts.objectives.length === 0 ? [] : [noneHolds(points, facts)];
  }
  const priority = (name: string, { point, ties }: typeof cost, why: string) => {
    const tie = tieWords(ties.flatMap((i) => points[i]?.name ?? []));
    return `  ${name}: ${called([points[point]?.name ?? ''], facts)}, ${why}: ${figures(points[point], facts)}.${tie}`;
  };
  const missed = points.filter((_, i) => !eligible.includes(i));
  const compromise = 'nearest to the best of both';
  return [
    ...(facts.objectives.length === 0
      ? []
      : [
          `Only points where ${percent(facts.goodShare)} of all requests keep ${list(facts.objectives)} are recommended` +
            (missed.length === 0 ? '; all do.' : `; ${missedText(missed)} not.`),
        ]),
    'Recommendation, by what matters most:',
    priority('User experience', userExperience, 'the most tokens/s/user'),
    priority('Balanced', balanced, balanced.point === knee ? 'the knee' : compromise),
    priority('Cost', cost, facts.gpus === undefined ? 'the most total tokens/s' : 'the most tokens/s/GPU'),
  ];
}

function missedText(missed: readonly ShownPoint[]): string {
  const names = missed.map(({ name, goodShare }) => `${name} (${percent(goodShare)})`);
  return `${list(names)} ${names.length === 1 ? 'does' : 'do'}`;
}

function noneHolds(points: readonly ShownPoint[], facts: SweepReportFacts): string {
  const { goodShare, objectives } = facts;
  const nearest = points.reduce((best, point) =>
    (point.goodShare ?? 0) > (best.goodShare ?? 0) ? point : best,
  );
  return (
    `No recommendation: at no point ${percent(goodShare)} of all requests keep ${list(objectives)}; ` +
    `nearest is ${called([nearest.name], facts)} with ${percent(nearest.goodShare)}.`
  );
}

/** What a recommendation rests on. */
function figures(point: ShownPoint | undefined, { gpus, streams, objectives }: SweepReportFacts): string {
  if (point === undefined) return '';
  const { throughput, perUser, latency, goodShare } = point;
  const parts = [
    `${estimate(gpus === undefined ? throughput : perGpu(throughput, gpus))} ${gpus === undefined ? 'total tokens/s' : 'tokens/s/GPU'}`,
    `${estimate(perUser)} tokens/s/user`,
    `${streams ? 'TTFT' : 'latency'} ${estimate(latency)} ms`,
    ...(objectives.length === 0 ? [] : [`${percent(goodShare)} good`]),
  ];
  return parts.join(', ');
}

function perGpu(value: Estimate | undefined, gpus: number): Estimate | undefined {
  return value && { mean: value.mean / gpus, ciLow: value.ciLow / gpus, ciHigh: value.ciHigh / gpus };
}

function estimate(value: Estimate | undefined): string {
  if (value === undefined) return 'N/A';
  const margin = (value.ciHigh - value.ciLow) / 2;
  return margin === 0 ? withCommas(value.mean) : `${withCommas(value.mean)} ± ${withCommas(margin)}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? 'N/A' : `${fixed(100 * share, 1).replace(/\.0$/, '')} %`;
}

/** `concurrency 10, 50 and 100`. */
function called(names: readonly string[], { subject }: SweepReportFacts): string {
  return subject === '' ? list(names) : `${subject} ${list(names)}`;
}
