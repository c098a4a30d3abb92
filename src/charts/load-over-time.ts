import {
  effectiveConcurrency,
  effectiveDecodeThroughput,
  effectivePrefillConcurrency,
  tokensInFlight,
} from '../metrics/curve-metrics.js';
import type { CurveMetric } from '../metrics/metric.js';
import { inputSequenceLength, outputSequenceLength, timeToFirstToken } from '../metrics/request-metrics.js';
import type { ChartOption, RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { figure, frame, lineIcons, named, requestsWords, timeAxis, yAxis } from './frame.js';
import { asSentence } from './measures.js';
import { fewDigits, type Point } from './reduce.js';
import type { Theme } from './theme.js';

interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface CurvesOverTime {
  readonly subtitle: string;
  readonly seconds: number;
  readonly curves: readonly Curve[];
}

/** Output tokens a second, as the chunks of each request came. */
export const outputThroughputOverTime: RunChart<CurvesOverTime> = {
  // AIPerf's name of the file.
  name: 'dispersed_throughput_over_time',
  title: 'Output token throughput over time',
  data: (run) =>
    run.has(outputSequenceLength)
      ? curvesData(run, 'without first tokens; in equal shares over the gaps between chunks', [
          ['Output tokens', effectiveDecodeThroughput],
        ])
      : undefined,
  option: (data, theme) =>
    curvesOption(data, theme, outputThroughputOverTime.title, effectiveDecodeThroughput),
};

/** Requests sent and not ended; where first tokens are known, also those that wait for theirs. */
export const concurrencyOverTime: RunChart<CurvesOverTime> = {
  name: 'concurrency_over_time',
  title: 'Requests in flight over time',
  data: (run) =>
    curvesData(run, '', [
      ['In flight', effectiveConcurrency],
      ...(run.has(timeToFirstToken)
        ? [['Waiting for the first token', effectivePrefillConcurrency] as const]
        : []),
    ]),
  option: (data, theme) => curvesOption(data, theme, concurrencyOverTime.title, effectiveConcurrency),
};

/** What the server's KV cache must hold: tokens of the prompts and answers in flight. */
export const tokensInFlightOverTime: RunChart<CurvesOverTime> = {
  name: 'tokens_in_flight_over_time',
  title: 'Tokens in flight over time',
  data: (run) =>
    run.has(inputSequenceLength)
      ? curvesData(run, 'input of the requests in flight and their output so far', [
          [asSentence(tokensInFlight.label), tokensInFlight],
        ])
      : undefined,
  option: (data, theme) => curvesOption(data, theme, tokensInFlightOverTime.title, tokensInFlight),
};

function curvesData(
  run: ChartRun,
  note: string,
  curves: readonly (readonly [name: string, metric: CurveMetric])[],
): CurvesOverTime | undefined {
  const { seconds } = run;
  if (seconds === 0) return undefined;
  return {
    subtitle: [requestsWords(run), note].filter((part) => part !== '').join('; '),
    seconds,
    curves: curves.map(([name, metric]) => ({ name, points: pointsOf(run.curve(metric), seconds) })),
  };
}

/** A curve of values within windows of equal width; one without a value is left out. */
export function pointsOf(values: Float64Array, seconds: number): readonly Point[] {
  const middle = (window: number) => ((window + 0.5) * seconds) / values.length;
  return Array.from(values, (value, i): Point => [fewDigits(middle(i)), fewDigits(value)]).filter(
    ([, value]) => !Number.isNaN(value),
  );
}

/** Draws curves of one unit. @param metric whose label and unit the axis has. */
export function curvesOption(
  { subtitle, seconds, curves }: CurvesOverTime,
  theme: Theme,
  title: string,
  { label, displayUnit }: Pick<CurveMetric, 'label' | 'displayUnit'>,
): ChartOption {
  const colours = [theme.first, theme.second, theme.bad];
  const base = frame(theme, title, subtitle);
  return {
    ...base,
    legend: {
      ...base.legend,
      show: curves.length > 1,
      data: curves.map(({ name }) => ({ name, icon: lineIcons.solid })),
    },
    grid: curves.length > 1 ? base.grid : { ...base.grid, top: 84 },
    tooltip: { ...base.tooltip, trigger: 'axis', valueFormatter: (value) => figure(Number(value)) },
    xAxis: timeAxis(theme, seconds),
    yAxis: yAxis(theme, named(asSentence(label), displayUnit)),
    series: curves.map(({ name, points }, i) => ({
      type: 'line',
      name,
      data: points.map((point) => [...point]),
      step: 'middle',
      symbol: 'none',
      color: colours[i] ?? theme.ink,
      lineStyle: { width: 1.5 },
      areaStyle: { opacity: 0.12 },
    })),
  };
}
