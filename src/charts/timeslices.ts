import { counted } from '../util/counted.js';
import type { ChartOption, RunChart } from './chart.js';
import { figure, frame, limitLine, named, timeAxis, yAxisWithLimit } from './frame.js';
import { bar } from './marks.js';
import { itl, latency, type Measure, ttft } from './measures.js';
import { quantileBins, shortened } from './reduce.js';
import type { RunColumns } from './run-columns.js';
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
function quantilesBySlice({ tag, key, label, unit }: Measure): RunChart<Slices> {
  const title = `${label} by time slice`;
  return {
    name: `timeslices_${key}`,
    title,
    data(run) {
      if (run.sliceSeconds === undefined || !run.has(tag)) return undefined;
      const start = (row: number) => run.startS(row);
      const value = (row: number) => run.value(tag, row);
      const bins = quantileBins(run.length, start, value, run.sliceSeconds);
      const limit = run.limitOf(tag)?.limit;
      return slices(
        run,
        run.sliceSeconds,
        bins.map(({ from, to, p50, p90 }) => [from, to, p90, p50]),
        limit,
      );
    },
    option: (data, theme) =>
      slicesOption(data, theme, {
        title,
        axis: named(label, unit),
        names: ['90th percentile', 'Median'],
        limitText: `SLO ${figure(data.limit ?? 0)} ${unit}`,
      }),
  };
}

/** Output tokens of the requests that started in each time slice, over its length: as the files of slices count them. */
const throughputBySlice: RunChart<Slices> = {
  name: 'timeslices_throughput',
  title: 'Output token throughput by time slice',
  data(run) {
    const { sliceSeconds } = run;
    if (sliceSeconds === undefined || !run.has('output_sequence_length')) return undefined;
    const tokens = new Map<number, number>();
    for (let row = 0; row < run.length; row++) {
      const slice = Math.floor(run.startS(row) / sliceSeconds);
      tokens.set(slice, (tokens.get(slice) ?? 0) + (run.value('output_sequence_length', row) || 0));
    }
    const bars = [...tokens]
      .sort(([a], [b]) => a - b)
      .map(([slice, sum]): Slices['bars'][number] => {
        const [from, to] = [slice * sliceSeconds, Math.min((slice + 1) * sliceSeconds, run.seconds)];
        return [shortened(from), shortened((slice + 1) * sliceSeconds), shortened(sum / (to - from))];
      });
    return slices(run, sliceSeconds, bars, undefined);
  },
  option: (data, theme) =>
    slicesOption(data, theme, {
      title: throughputBySlice.title,
      axis: 'Output tokens per second',
      names: ['Output tokens per second'],
      limitText: '',
    }),
};

/** The charts of a run that is cut into slices. */
export const sliceCharts: readonly RunChart<unknown>[] = [
  ...[ttft, itl, latency].map(quantilesBySlice),
  throughputBySlice,
];

/** The last slice ends with the run: it is left out, unless there is no other. */
function slices(
  run: RunColumns,
  sliceSeconds: number,
  all: Slices['bars'],
  limit: number | undefined,
): Slices | undefined {
  const complete = all.filter(([, to]) => to <= run.seconds);
  const bars = complete.length === 0 ? all : complete;
  const leftOut = all.length - bars.length;
  if (bars.length === 0) return undefined;
  return {
    subtitle: [
      `${counted(bars.length, 'slice')} of ${figure(sliceSeconds)} s`,
      ...(leftOut === 0 ? [] : ['the last, which the end of the run cuts short, is left out']),
    ].join('; '),
    seconds: run.seconds,
    bars,
    limit,
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
