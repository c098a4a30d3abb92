import type { DerivedMetric } from '../metrics/metric.js';
import type { NumberMetric } from '../metrics/request-table.js';
import { statsOf } from '../metrics/results.js';
import { outputTokenThroughput } from '../metrics/run-metrics.js';
import type { Statistics } from '../metrics/statistics.js';
import { counted } from '../util/counted.js';
import type { ChartOption, RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { figure, frame, limitLine, named, timeAxis, yAxisWithLimit } from './frame.js';
import { bar } from './marks.js';
import { asSentence, itl, latency, type Measure, ttft } from './measures.js';
import { fewDigits } from './reduce.js';
import type { Theme } from './theme.js';

interface Slices {
  readonly subtitle: string;
  readonly seconds: number;
  /** Slice: start and end in seconds, and a value for each name, the greatest first. */
  readonly bars: readonly (readonly [from: number, to: number, ...values: number[]])[];
  readonly limit: number | undefined;
}

/** How slices are drawn. */
interface SliceWords {
  readonly title: string;
  readonly axis: string;
  /** Of the values of a slice, in their order. */
  readonly names: readonly string[];
  /** Of the objective's line. */
  readonly limitText: string;
}

/** Median and 90th percentile of a metric in each time slice, from the requests that started in it. */
function quantilesBySlice({ metric, key, label, unit }: Measure): RunChart<Slices> {
  const title = `${label} by time slice`;
  return {
    name: `timeslices_${key}`,
    title,
    data: (run) =>
      slicesData(run, metric, ({ p90, p50 }) => (p90 === undefined || p50 === undefined ? [] : [p90, p50])),
    option: (data, theme) =>
      slicesOption(data, theme, {
        title,
        axis: named(label, unit),
        names: ['90th percentile', 'Median'],
        limitText: `SLO ${figure(data.limit ?? 0)} ${unit}`,
      }),
  };
}

/** Output tokens of the requests that started in each time slice, over its length. */
const throughputBySlice: RunChart<Slices> = {
  name: 'timeslices_throughput',
  title: 'Output token throughput by time slice',
  data: (run) => slicesData(run, outputTokenThroughput, ({ avg }) => (avg === undefined ? [] : [avg])),
  option: (data, theme) => {
    const axis = named(asSentence(outputTokenThroughput.label), outputTokenThroughput.displayUnit);
    return slicesOption(data, theme, { title: throughputBySlice.title, axis, names: [axis], limitText: '' });
  },
};

/** The charts of a run that is cut into slices. */
export const sliceCharts: readonly RunChart<unknown>[] = [
  ...[ttft, itl, latency].map(quantilesBySlice),
  throughputBySlice,
];

/**
 * The last slice ends with the run: it is left out, unless there is no other.
 * @param valuesOf empty where a slice is not drawn.
 */
function slicesData(
  run: ChartRun,
  metric: NumberMetric | DerivedMetric,
  valuesOf: (statistics: Statistics) => readonly number[],
): Slices | undefined {
  const { seconds = 0, slices = [] } = run.sliced ?? {};
  const secondsAt = (atNs: bigint) => fewDigits(Number(atNs - (slices[0]?.startNs ?? 0n)) / 1e9);
  const all = slices.flatMap(({ startNs, endNs, isComplete, results }) => {
    const values = valuesOf(statsOf(results, metric) ?? {});
    if (values.length === 0) return [];
    return [{ isComplete, bar: [secondsAt(startNs), secondsAt(endNs), ...values.map(fewDigits)] as const }];
  });
  const complete = all.filter(({ isComplete }) => isComplete);
  const bars = (complete.length === 0 ? all : complete).map(({ bar }) => bar);
  if (bars.length === 0) return undefined;
  return {
    subtitle: [
      `${counted(bars.length, 'slice')} of ${figure(seconds)} s`,
      ...(bars.length === all.length ? [] : ['the last, which the end of the run cuts short, is left out']),
    ].join('; '),
    seconds: run.seconds,
    bars,
    limit: metric.kind === 'derived' ? undefined : run.objectiveFor(metric)?.slo.limit,
  };
}

function slicesOption(
  { subtitle, seconds, bars, limit }: Slices,
  theme: Theme,
  { title, axis, names, limitText }: SliceWords,
): ChartOption {
  const base = frame(theme, title, subtitle);
  const isOne = names.length === 1;
  return {
    ...base,
    legend: { ...base.legend, show: !isOne, data: names.map((name) => ({ name, icon: 'rect' })) },
    grid: isOne ? { ...base.grid, top: 84 } : base.grid,
    tooltip: { ...base.tooltip, valueFormatter: (value) => figure(Number(value)) },
    xAxis: timeAxis(theme, seconds),
    yAxis: yAxisWithLimit(
      theme,
      axis,
      bars.flatMap(([, , ...values]) => values),
      limit,
    ),
    series: names.map((name, i) => {
      const isLast = i === names.length - 1;
      const fill = isLast ? theme.first : (theme.ramp[1] ?? theme.first);
      return {
        type: 'custom',
        name,
        color: fill,
        data: bars.map(([from, to, ...values]) => [from, to, values[i] ?? 0]),
        dimensions: ['from', 'to', name],
        ...bar(fill),
        ...(isLast && limit !== undefined ? { markLine: limitLine(theme, limitText, { yAxis: limit }) } : {}),
      };
    }),
  };
}
