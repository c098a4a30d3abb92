import { effectiveDecodeThroughput } from '../metrics/curve-metrics.js';
import { outputSequenceLength } from '../metrics/request-metrics.js';
import { amd, nvidia } from '../telemetry/gpu/gpu-metrics.js';
import { serverMetrics } from '../telemetry/server-metrics.js';
import type { SeriesMetric } from '../telemetry/time-series.js';
import { counted } from '../util/counted.js';
import type { ChartOption, RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { axis, figure, frame, lineIcons, named, timeAxis, yAxis } from './frame.js';
import { pointsOf } from './load-over-time.js';
import { RANGE_OPACITY, rangeBoxes } from './marks.js';
import { asSentence } from './measures.js';
import type { Point } from './reduce.js';
import { type TelemetryLines, telemetryLines } from './telemetry-lines.js';
import type { Theme } from './theme.js';

/** Series of servers or GPUs over time. */
export interface TelemetryOverTime extends TelemetryLines {
  readonly subtitle: string;
  readonly seconds: number;
  /** Output tokens per second as the client received them, for a second axis; empty where it has none. */
  readonly throughput: readonly Point[];
}

/** A metric of servers or GPUs as a picture. */
interface TelemetryRow {
  readonly name: string;
  readonly title: string;
  /** Of the axis. */
  readonly label: string;
  readonly unit: string;
  /** What a series is of. */
  readonly subject: 'server' | 'GPU';
  /** Names of the metric: platforms may name it differently. */
  readonly metrics: readonly string[];
  /** From the values of the series to those of the chart. */
  readonly factor?: number;
  /** The greatest possible value, where the axis ends. */
  readonly max?: number;
  /** Draws the throughput of the client, too, on an axis of its own. */
  readonly withThroughput?: true;
  /** Leaves the picture out where all values are 0. */
  readonly onlyAboveZero?: true;
}

const server = (metric: SeriesMetric, row: Omit<TelemetryRow, 'subject' | 'metrics' | 'name'>) =>
  telemetryChart({ name: `${metric.name}_over_time`, subject: 'server', metrics: [metric.name], ...row });

/** Pictures of servers and GPUs, in the order to show them. */
export const telemetryCharts: readonly RunChart<TelemetryOverTime>[] = [
  server(serverMetrics.waiting, {
    title: 'Server: requests waiting over time',
    label: 'Requests waiting',
    unit: '',
  }),
  server(serverMetrics.running, {
    title: 'Server: requests running over time',
    label: 'Requests running',
    unit: '',
  }),
  server(serverMetrics.kvCacheUsage, {
    title: 'Server: KV-cache usage over time',
    label: 'KV-cache usage',
    unit: '%',
    factor: 100,
    max: 100,
  }),
  server(serverMetrics.preemptions, {
    title: 'Server: preemptions over time',
    label: 'Preemptions',
    unit: 'per second',
    onlyAboveZero: true,
  }),
  server(serverMetrics.generationTokens, {
    title: 'Server: generated tokens over time',
    label: 'Generated tokens',
    unit: 'tokens/sec',
  }),
  telemetryChart({
    // AIPerf's name of the file.
    name: 'gpu_utilization_and_throughput_over_time',
    title: 'GPU utilization and throughput over time',
    label: 'GPU utilization',
    unit: '%',
    subject: 'GPU',
    metrics: [nvidia.utilization.name, amd.gfxActivity.name],
    max: 100,
    withThroughput: true,
  }),
  telemetryChart({
    name: 'gpu_power_over_time',
    title: 'GPU power over time',
    label: 'Power of a GPU',
    unit: 'W',
    subject: 'GPU',
    metrics: [nvidia.power.name, amd.power.name],
  }),
];

/** Windows are long enough that each has a sample at the usual rate of three a second. */
const WINDOWS_PER_SECOND = 2;
const FEWEST_WINDOWS = 3;
/** As many as a wide picture shows. */
const MOST_WINDOWS = 300;

function telemetryChart(row: TelemetryRow): RunChart<TelemetryOverTime> {
  const { name, title, subject, metrics, factor = 1, withThroughput, onlyAboveZero } = row;
  return {
    name,
    title,
    data(run) {
      const { seconds } = run;
      const windows = Math.min(MOST_WINDOWS, Math.floor(seconds * WINDOWS_PER_SECOND));
      if (windows < FEWEST_WINDOWS) return undefined;
      const all = run
        .telemetrySeries(metrics, windows)
        .map(({ series, values }) => ({ series, values: values.map((value) => value * factor) }));
      if (all.length === 0) return undefined;
      if (onlyAboveZero && !all.some(({ values }) => values.some((value) => value > 0))) return undefined;
      const drawn = telemetryLines(all, seconds);
      const [only] = drawn.lines;
      return {
        subtitle:
          drawn.range.length > 0
            ? `mean and range of ${counted(all.length, subject)}`
            : all.length > 1
              ? counted(all.length, subject)
              : (only?.name ?? ''),
        seconds,
        ...drawn,
        throughput: withThroughput ? throughputOf(run) : [],
      };
    },
    option: (data, theme) => telemetryOption(data, theme, row),
  };
}

function throughputOf(run: ChartRun): readonly Point[] {
  return run.has(outputSequenceLength) ? pointsOf(run.curve(effectiveDecodeThroughput), run.seconds) : [];
}

function telemetryOption(
  { subtitle, seconds, lines, range, throughput }: TelemetryOverTime,
  theme: Theme,
  { title, label, unit, subject, max }: TelemetryRow,
): ChartOption {
  const colours = [theme.first, theme.second, theme.third, theme.ink];
  const base = frame(theme, title, subtitle);
  const tokens = 'Output tokens';
  const rangeName = `Range of all ${subject}s`;
  const shown = lines.map(({ name }) => ({ name: lines.length === 1 && range.length === 0 ? label : name }));
  const hasLegend = shown.length > 1 || range.length > 0 || throughput.length > 0;
  const greatest = lines.flatMap(({ points }) => points.map(([, value]) => value ?? 0));
  // Of much smaller values an axis up to the greatest possible one shows nothing.
  const isLongAxis = max !== undefined && greatest.some((value) => value > max / 10);
  const y = { ...yAxis(theme, named(label, unit)), ...(isLongAxis ? { max } : {}) };
  const { label: tokensLabel, displayUnit } = effectiveDecodeThroughput;
  return {
    ...base,
    legend: {
      ...base.legend,
      show: hasLegend,
      data: [
        ...shown.map(({ name }) => ({ name, icon: lineIcons.solid })),
        ...(range.length > 0
          ? [{ name: rangeName, icon: 'rect', itemStyle: { opacity: RANGE_OPACITY } }]
          : []),
        ...(throughput.length > 0 ? [{ name: tokens, icon: lineIcons.solid }] : []),
      ],
    },
    grid: {
      ...base.grid,
      ...(hasLegend ? {} : { top: 84 }),
      ...(throughput.length > 0 ? { right: 24 } : {}),
    },
    tooltip: { ...base.tooltip, trigger: 'axis', valueFormatter: (value) => figure(Number(value)) },
    xAxis: timeAxis(theme, seconds),
    yAxis:
      throughput.length > 0
        ? [
            y,
            {
              ...axis(theme, named(asSentence(tokensLabel), displayUnit), 58),
              min: 0,
              splitLine: { show: false },
            },
          ]
        : y,
    series: [
      ...(range.length > 0
        ? [
            {
              type: 'custom' as const,
              name: rangeName,
              color: theme.first,
              data: range.map((box) => [...box]),
              dimensions: ['from', 'to', 'Least', 'Greatest'],
              ...rangeBoxes(theme.first),
            },
          ]
        : []),
      ...(throughput.length > 0
        ? [
            {
              type: 'line' as const,
              name: tokens,
              data: throughput.map((point) => [...point]),
              yAxisIndex: 1,
              step: 'middle' as const,
              symbol: 'none',
              color: theme.soft,
              lineStyle: { width: 1 },
              areaStyle: { opacity: 0.1 },
            },
          ]
        : []),
      ...lines.map(({ points }, i) => ({
        type: 'line' as const,
        name: shown[i]?.name ?? '',
        data: points.map((point) => [...point]),
        step: 'middle' as const,
        symbol: 'none',
        color: colours[i] ?? theme.ink,
        lineStyle: { width: 1.5 },
        z: 4,
        ...(lines.length === 1 && range.length === 0 && throughput.length === 0
          ? { areaStyle: { opacity: 0.12 } }
          : {}),
      })),
    ],
  };
}
