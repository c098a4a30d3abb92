import type { Estimate } from '../metrics/noise.js';
import { type ComparedPoint, frontierOf, type TradeOffVerdict } from '../metrics/trade-off.js';
import { counted } from '../util/counted.js';
import type { Chart } from './chart.js';
import { axis, frame, lineIcons, xAxis } from './frame.js';
import { fewDigits, type Point } from './reduce.js';

/** Several runs of the same work. */
export interface Comparison {
  readonly points: readonly ComparedPoint[];
  readonly verdict: TradeOffVerdict;
  /** GPUs of the server; undefined: throughput is that of all together. */
  readonly gpus: number | undefined;
  /** What the names are values of, e.g. `concurrency`; empty where the names include it. */
  readonly subject: string;
  /** What objectives ask of a request on an axis, in its unit. */
  readonly limits: { readonly perUser?: number; readonly ttft?: number; readonly latency?: number };
  /** Whether points that meet the objectives are marked. */
  readonly hasObjectives: boolean;
}

interface ComparedPlace {
  readonly name: string;
  readonly runs: number;
  readonly at: Point;
  readonly isKnee: boolean;
  readonly clientLimited: boolean;
  /** Its results cover only a part of its load; absent: they do not. */
  readonly isIncomplete?: true;
  /** Whether it holds the objectives; true where there are none. */
  readonly holds: boolean;
}

interface ComparisonPicture {
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  readonly places: readonly ComparedPlace[];
  readonly line: readonly Point[];
  /** Stretch of an axis that the objective allows; to the end of the axis where there is no end. */
  readonly region: { readonly of: 'x' | 'y'; readonly from: number; readonly to?: number } | undefined;
  readonly hasObjectives: boolean;
}

/** What a picture of runs shows. */
interface Axes {
  readonly name: string;
  readonly title: string;
  readonly lineName: string;
  readonly x: string;
  readonly y: (comparison: Comparison) => string;
  readonly place: (
    point: ComparedPoint,
    comparison: Comparison,
  ) => readonly [x: number | undefined, y: number | undefined];
  /** Indices of the points that are joined. */
  readonly line: (comparison: Comparison) => readonly number[];
  /** In which order; absent: by x. */
  readonly lineOrder?: 'by load';
  readonly region: (limits: Comparison['limits']) => ComparisonPicture['region'];
}

const throughputName = ({ gpus }: Comparison) =>
  gpus === undefined ? 'Output tokens per second' : 'Output tokens per second and GPU';
const throughputOf = ({ throughput }: ComparedPoint, { gpus = 1 }: Comparison) =>
  throughput === undefined ? undefined : throughput.mean / gpus;

/** The pictures of several runs, in the order to show them. */
export const comparisonCharts: readonly Chart<Comparison, unknown>[] = [
  comparisonChart({
    name: 'pareto_curve_throughput_per_gpu_vs_interactivity',
    title: 'Throughput against speed for each user',
    lineName: 'Pareto frontier',
    x: 'Output tokens per second and user',
    y: throughputName,
    place: (point, comparison) => [point.perUser?.mean, throughputOf(point, comparison)],
    line: ({ verdict }) => (verdict.isTie ? [] : verdict.frontier),
    region: ({ perUser }) => (perUser === undefined ? undefined : { of: 'x', from: perUser }),
  }),
  comparisonChart({
    name: 'pareto_curve_throughput_per_gpu_vs_latency',
    title: 'Throughput against request latency',
    lineName: 'Pareto frontier',
    x: 'Request latency, mean (ms)',
    y: throughputName,
    place: (point, comparison) => [point.latency?.mean, throughputOf(point, comparison)],
    line: ({ points }) =>
      frontierOf(
        points.map((_, i) => i),
        points.map(({ latency, throughput }) => ({ x: latency && negative(latency), y: throughput })),
      ),
    region: ({ latency }) => (latency === undefined ? undefined : { of: 'x', from: 0, to: latency }),
  }),
  comparisonChart({
    name: 'ttft_vs_throughput',
    title: 'Time to first token against throughput',
    lineName: 'In the order of load',
    x: 'Output tokens per second',
    y: () => 'Time to first token, mean (ms)',
    place: ({ throughput, ttft }) => [throughput?.mean, ttft?.mean],
    line: byLoad,
    lineOrder: 'by load',
    region: ({ ttft }) => (ttft === undefined ? undefined : { of: 'y', from: 0, to: ttft }),
  }),
  comparisonChart({
    name: 'gpu_power_vs_throughput',
    title: 'GPU power against throughput',
    lineName: 'In the order of load',
    x: 'Output tokens per second',
    y: () => 'Power of all GPUs, mean (W)',
    place: ({ throughput, gpuPower }) => [throughput?.mean, gpuPower?.mean],
    line: byLoad,
    lineOrder: 'by load',
    region: () => undefined,
  }),
  comparisonChart({
    name: 'tokens_per_joule_vs_interactivity',
    title: 'Tokens per joule against speed for each user',
    lineName: 'Pareto frontier',
    x: 'Output tokens per second and user',
    y: () => 'Output tokens per joule',
    place: ({ perUser, tokensPerJoule }) => [perUser?.mean, tokensPerJoule?.mean],
    line: ({ points }) =>
      frontierOf(
        complete(points),
        points.map(({ perUser, tokensPerJoule }) => ({ x: perUser, y: tokensPerJoule })),
      ),
    region: ({ perUser }) => (perUser === undefined ? undefined : { of: 'x', from: perUser }),
  }),
];

/** All complete points, where each has a load. */
function byLoad({ points }: Comparison): readonly number[] {
  return points.every(({ load }) => load !== undefined) ? complete(points) : [];
}

function complete(points: readonly ComparedPoint[]): readonly number[] {
  return points.flatMap(({ isIncomplete }, i) => (isIncomplete === true ? [] : [i]));
}

function comparisonChart(axes: Axes): Chart<Comparison, ComparisonPicture> {
  const { name, title, lineName } = axes;
  return {
    name,
    title,
    data(comparison) {
      const { points, verdict, gpus, subject, hasObjectives, limits } = comparison;
      const at = (index: number): Point | undefined => {
        const [x, y] = points[index] === undefined ? [] : axes.place(points[index], comparison);
        return x === undefined || y === undefined ? undefined : [fewDigits(x), fewDigits(y)];
      };
      const places = points.flatMap((point, i): ComparedPlace[] => {
        const place = at(i);
        const holds = !hasObjectives || verdict.eligible.includes(i);
        return place === undefined
          ? []
          : [
              {
                ...{ name: point.name, runs: point.runs, at: place, holds },
                ...{ isKnee: verdict.knee === i, clientLimited: point.clientLimited },
                ...(point.isIncomplete === true ? { isIncomplete: true as const } : {}),
              },
            ];
      });
      if (places.length === 0) return undefined;
      return {
        subtitle: [
          subject === '' ? runsWords(places) : `${runsWords(places)}, named by ${subject}`,
          ...(gpus === undefined ? [] : [counted(gpus, 'GPU')]),
        ].join('; '),
        x: axes.x,
        y: axes.y(comparison),
        places,
        line: axes
          .line(comparison)
          .flatMap((index) => {
            const place = at(index);
            const key = axes.lineOrder === undefined ? place?.[0] : points[index]?.load;
            return place === undefined ? [] : [{ place, key: key ?? 0 }];
          })
          .sort((a, b) => a.key - b.key)
          .map(({ place }) => place),
        region: axes.region(limits),
        hasObjectives,
      };
    },
    option({ subtitle, x, y, places, line, region, hasObjectives }, theme) {
      const base = frame(theme, title, subtitle);
      const dots = (wanted: readonly ComparedPlace[]) =>
        wanted.map(({ name: label, at, isKnee, clientLimited, isIncomplete = false }) => {
          // The legend tells what is incomplete.
          const marks = [
            ...(isKnee ? ['knee'] : []),
            ...(clientLimited && !isIncomplete ? ['client limited'] : []),
          ];
          return {
            name: label,
            value: [...at],
            symbolSize: isKnee ? 16 : 10,
            label: { formatter: marks.length === 0 ? label : `${label} (${marks.join(', ')})` },
          };
        });
      const label = {
        show: true,
        position: 'right' as const,
        distance: 7,
        offset: [0, -8],
        color: theme.ink,
        fontSize: 12.5,
      };
      const whole = places.filter(({ isIncomplete }) => isIncomplete !== true);
      const incomplete = places.filter(({ isIncomplete }) => isIncomplete === true);
      const holding = whole.filter(({ holds }) => holds);
      const missing = whole.filter(({ holds }) => !holds);
      const dotName = hasObjectives ? 'Meets the SLO' : 'Run';
      const parts = [
        ...(line.length > 1 ? [{ name: lineName, icon: lineIcons.solid }] : []),
        ...(holding.length > 0 ? [{ name: dotName, icon: 'circle' }] : []),
        ...(missing.length > 0 ? ['Misses the SLO'] : []),
        ...(incomplete.length > 0 ? ['Incomplete'] : []),
      ];
      const edge = (value: number) => (region?.of === 'y' ? { yAxis: value } : { xAxis: value });
      const area: [object, object][] =
        region === undefined ? [] : [[edge(region.from), edge(region.to ?? Number.POSITIVE_INFINITY)]];
      return {
        ...base,
        legend: { ...base.legend, data: parts },
        grid: { ...base.grid, right: 90 },
        tooltip: { ...base.tooltip, trigger: 'item' },
        xAxis: { ...xAxis(theme, x), min: 0 },
        yAxis: { ...axis(theme, y, 58), min: 0 },
        series: [
          {
            type: 'line',
            name: lineName,
            data: line.map((point) => [...point]),
            symbol: 'none',
            color: theme.soft,
            lineStyle: { width: 2 },
            markArea: {
              silent: true,
              itemStyle: { color: theme.third, opacity: 0.14 },
              label: { formatter: 'SLO', color: theme.third, fontSize: 12.5, position: 'insideTopLeft' },
              data: area,
            },
          },
          {
            type: 'scatter',
            name: dotName,
            data: dots(holding),
            color: theme.first,
            itemStyle: { opacity: 1 },
            z: 4,
            label,
          },
          {
            type: 'scatter',
            name: 'Misses the SLO',
            data: dots(missing),
            color: theme.paper,
            itemStyle: { borderColor: theme.bad, borderWidth: 2, opacity: 1 },
            z: 4,
            label,
          },
          ...(incomplete.length === 0
            ? []
            : [
                {
                  type: 'scatter' as const,
                  name: 'Incomplete',
                  data: dots(incomplete),
                  color: theme.paper,
                  itemStyle: { borderColor: theme.soft, borderWidth: 2, opacity: 1 },
                  z: 4,
                  label,
                },
              ]),
        ],
      };
    },
  };
}

/** Where less is better. */
function negative({ mean, ciLow, ciHigh, noise }: Estimate): Estimate {
  return { mean: -mean, ciLow: -ciHigh, ciHigh: -ciLow, noise };
}

/** `4 runs`; with repeats, which are drawn as one, `4 runs at 2 points`. */
function runsWords(places: readonly ComparedPlace[]): string {
  const runs = places.reduce((sum, place) => sum + place.runs, 0);
  return `${counted(runs, 'run')}${runs === places.length ? '' : ` at ${counted(places.length, 'point')}`}`;
}
