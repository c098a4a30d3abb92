import { percent } from '../metrics/format.js';
import type { TraceFigures } from '../trace/figures.js';
import { counted, withThousands } from '../util/counted.js';
import type { Chart } from './chart.js';
import { axis, figure, frame, xAxis, yAxis } from './frame.js';
import { type Lengths, traceLengths } from './lengths-chart.js';

/** What is known of a trace. */
export interface TraceSource {
  readonly lengths: Lengths;
  /** Absent if prompts of unknown length are among its rows. */
  readonly figures: TraceFigures | undefined;
}

interface HitCurveData {
  readonly subtitle: string;
  /** Cache size in blocks and hit rate in percent. */
  readonly points: readonly (readonly [blocks: number, percent: number])[];
  /** Hit rate of an infinite cache, percent. */
  readonly limit: number;
}

/** Hit rate of an LRU prefix cache by its size. */
const traceHitCurve: Chart<TraceSource, HitCurveData> = {
  name: 'trace_hit_rate',
  title: 'Prefix-cache hit rate by LRU cache size',
  data({ figures: { cache } = {} }) {
    if (cache === undefined || cache.curve.points.length === 0) return undefined;
    const { blocks, infiniteHitRate, curve } = cache;
    return {
      subtitle: [
        `${withThousands(blocks)} blocks requested`,
        `${percent(infiniteHitRate)} hits with an infinite cache`,
        ...(curve.sampledShare === 1
          ? []
          : [`from 1 in ${withThousands(1 / curve.sampledShare)} distinct blocks`]),
      ].join('; '),
      points: curve.points.map(({ blocks: size, hitRate }) => [size, 100 * hitRate]),
      limit: 100 * infiniteHitRate,
    };
  },
  option({ subtitle, points, limit }, theme) {
    const base = frame(theme, traceHitCurve.title, subtitle);
    return {
      ...base,
      legend: { show: false },
      grid: { ...base.grid, left: 84, top: 84, bottom: 64, containLabel: false },
      tooltip: { ...base.tooltip, trigger: 'axis', valueFormatter: (value) => `${figure(Number(value))} %` },
      xAxis: {
        ...xAxis(theme, 'Cache size (blocks)'),
        type: 'log',
        axisLabel: {
          ...axis(theme, '', 0).axisLabel,
          formatter: (value: number) => withThousands(value),
        },
      },
      yAxis: { ...yAxis(theme, 'Hit rate (%)'), nameGap: 44 },
      series: [
        {
          type: 'line',
          name: 'Hit rate',
          data: points.map((point) => [...point]),
          symbol: 'none',
          color: theme.first,
          lineStyle: { width: 2.5 },
          areaStyle: { opacity: 0.12 },
          markLine: {
            silent: true,
            symbol: 'none',
            animation: false,
            lineStyle: { color: theme.soft, width: 1.5, type: 'dashed' },
            label: {
              formatter: 'infinite cache',
              position: 'insideStartTop',
              color: theme.soft,
              fontSize: 12,
            },
            data: [{ yAxis: limit }],
          },
        },
      ],
    };
  },
};

interface TokenRatesData {
  readonly subtitle: string;
  readonly windowSeconds: number;
  /** Input and output tokens per second of each window. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Input and output tokens per second of arriving requests over time, one above the other. */
const traceTokenRates: Chart<TraceSource, TokenRatesData> = {
  name: 'trace_tokens_over_time',
  title: 'Tokens per second of arriving requests',
  data({ figures }) {
    const load = figures?.arrivals?.load;
    if (load === undefined || load.requests.length < 2) return undefined;
    const rates = (tokens: readonly number[]) => tokens.map((count) => count / load.seconds);
    return {
      subtitle: `${counted(figures?.requests ?? 0, 'request')}, by windows of ${withThousands(load.seconds)} s`,
      windowSeconds: load.seconds,
      input: rates(load.inputTokens),
      output: rates(load.outputTokens),
    };
  },
  option({ subtitle, windowSeconds, input, output }, theme) {
    const base = frame(theme, traceTokenRates.title, subtitle);
    const lines = [
      { name: 'Input tokens/s', rates: input, color: theme.first },
      { name: 'Output tokens/s', rates: output, color: theme.third },
    ].filter(({ rates }) => rates.some((rate) => rate > 0));
    const height = lines.length === 1 ? 404 : 160;
    return {
      ...base,
      legend: { show: false },
      grid: lines.map((_, i) => ({ left: 84, right: 32, top: 92 + i * 244, height })),
      tooltip: { ...base.tooltip, trigger: 'axis', valueFormatter: (value) => withThousands(Number(value)) },
      xAxis: lines.map((_, gridIndex) => ({
        ...xAxis(theme, 'Time since the first request (s)'),
        gridIndex,
        min: 0,
        max: input.length * windowSeconds,
        axisLabel: { ...axis(theme, '', 0).axisLabel, showMaxLabel: false },
      })),
      yAxis: lines.map(({ name }, gridIndex) => ({
        ...yAxis(theme, name),
        gridIndex,
        splitNumber: 4,
      })),
      series: lines.map(({ name, rates, color }, i) => ({
        type: 'line',
        name,
        xAxisIndex: i,
        yAxisIndex: i,
        step: 'end',
        symbol: 'none',
        color,
        lineStyle: { width: 1.5 },
        areaStyle: { opacity: 0.2 },
        // A step from each window's start; the last one is drawn to its end.
        data: [...rates, rates.at(-1) ?? 0].map((rate, window) => [window * windowSeconds, rate]),
      })),
    };
  },
};

/** The charts of a trace. */
export const traceCharts: readonly Chart<TraceSource, unknown>[] = [
  { ...traceLengths, data: ({ lengths }) => traceLengths.data(lengths) },
  traceHitCurve,
  traceTokenRates,
];
