import type { ChartOption, RunChart } from './chart.js';
import { curvesOf, type RunCurves } from './curves.js';
import { figure, frame, lineIcons, requestsWords, timeAxis, yAxis } from './frame.js';
import { type Point, shortened } from './reduce.js';
import type { RunColumns } from './run-columns.js';
import type { Theme } from './theme.js';

interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

interface CurvesOverTime {
  readonly subtitle: string;
  readonly seconds: number;
  readonly curves: readonly Curve[];
}

/** As many as a wide picture shows. */
const BINS = 300;

/** Output tokens a second, those of each request spread evenly from its first to its last. */
export const dispersedThroughputOverTime: RunChart<CurvesOverTime> = {
  name: 'dispersed_throughput_over_time',
  title: 'Output token throughput over time',
  data: (run) =>
    run.has('output_sequence_length')
      ? curvesData(run, 'tokens of each request spread evenly from its first to its last', (curves) => [
          ['Output tokens per second', curves.tokenRate],
        ])
      : undefined,
  option: (data, theme) =>
    curvesOption(data, theme, dispersedThroughputOverTime.title, 'Output tokens per second'),
};

/** Requests sent and not ended; where first tokens are known, also those that wait for theirs. */
export const concurrencyOverTime: RunChart<CurvesOverTime> = {
  name: 'concurrency_over_time',
  title: 'Requests in flight over time',
  data: (run) =>
    curvesData(run, '', (curves) => [
      ['In flight', curves.inFlight],
      ...(run.has('time_to_first_token') ? [['Waiting for the first token', curves.waiting] as const] : []),
    ]),
  option: (data, theme) => curvesOption(data, theme, concurrencyOverTime.title, 'Requests'),
};

/** What the server's KV cache must hold: tokens of prompts and answers under way. */
export const tokensInFlightOverTime: RunChart<CurvesOverTime> = {
  name: 'tokens_in_flight_over_time',
  title: 'Tokens in flight over time',
  data: (run) =>
    run.has('input_sequence_length')
      ? curvesData(run, 'input of the requests in flight and their output so far', (curves) => [
          ['Tokens in flight', curves.tokens],
        ])
      : undefined,
  option: (data, theme) => curvesOption(data, theme, tokensInFlightOverTime.title, 'Tokens'),
};

function curvesData(
  run: RunColumns,
  note: string,
  pick: (curves: RunCurves) => readonly (readonly [name: string, means: Float64Array])[],
): CurvesOverTime | undefined {
  if (run.seconds === 0) return undefined;
  const curves = curvesOf(run, BINS);
  return {
    subtitle: [requestsWords(run), note].filter((part) => part !== '').join('; '),
    seconds: run.seconds,
    curves: pick(curves).map(([name, means]) => ({
      name,
      points: Array.from(
        means,
        (mean, bin): Point => [shortened((bin + 0.5) * curves.width), shortened(mean)],
      ),
    })),
  };
}

function curvesOption(
  { subtitle, seconds, curves }: CurvesOverTime,
  theme: Theme,
  title: string,
  y: string,
): ChartOption {
  const colours = [theme.first, theme.second];
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
    yAxis: yAxis(theme, y),
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
