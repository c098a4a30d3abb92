import type { Sorted } from '../metrics/column.js';
import { inputSequenceLength, outputSequenceLength } from '../metrics/request-metrics.js';
import { percentile } from '../metrics/statistics.js';
import { counted, withThousands } from '../util/counted.js';
import type { Chart, ChartOption, RunChart } from './chart.js';
import { axis, figure, frame, xAxis } from './frame.js';
import { type Histogram, histogramOf } from './histogram.js';
import { bar } from './marks.js';
import type { Theme } from './theme.js';

/** Lengths of the requests of a trace or a run, tokens, in ascending order. */
export interface Lengths {
  readonly input: Sorted;
  readonly output: Sorted;
}

interface LengthHistograms {
  readonly subtitle: string;
  readonly histograms: readonly (Pick<Histogram, 'bars' | 'most'> & { readonly axis: string })[];
}

const title = 'Input and output lengths';

/** Histograms of input and output lengths, one above the other: of a trace … */
export const traceLengths: Chart<Lengths, LengthHistograms> = {
  name: 'trace_lengths',
  title: `${title} of the trace`,
  data: lengthsData,
  option: (data, theme) => lengthsOption(data, theme, traceLengths.title),
};

/** … or as a run had them. */
export const runLengths: RunChart<LengthHistograms> = {
  name: 'sequence_lengths',
  title,
  data: (run) =>
    lengthsData({
      input: run.sorted(inputSequenceLength),
      output: run.sorted(outputSequenceLength),
    }),
  option: (data, theme) => lengthsOption(data, theme, title),
};

function lengthsData({ input, output }: Lengths): LengthHistograms | undefined {
  const shown = [
    { name: 'input', axis: 'Input length (tokens)', sorted: input },
    { name: 'output', axis: 'Output length (tokens)', sorted: output },
  ].filter(({ sorted }) => sorted.length > 0);
  if (shown.length === 0) return undefined;
  const histograms = shown.map(({ axis, sorted }) => ({ axis, ...histogramOf(sorted, 1) }));
  const beyond = histograms.reduce((sum, histogram) => sum + histogram.beyond, 0);
  return {
    subtitle: [
      counted(Math.max(input.length, output.length), 'request'),
      ...shown.map(
        ({ name, sorted }) =>
          `${name} p50 ${figure(percentile(sorted, 50))}, p99 ${figure(percentile(sorted, 99))}`,
      ),
      ...(beyond === 0 ? [] : [`${withThousands(beyond)} longer not drawn`]),
    ].join('; '),
    histograms: histograms.map(({ axis, bars, most }) => ({ axis, bars, most })),
  };
}

function lengthsOption({ subtitle, histograms }: LengthHistograms, theme: Theme, title: string): ChartOption {
  const base = frame(theme, title, subtitle);
  const colours = [theme.first, theme.third];
  const height = histograms.length === 1 ? 404 : 160;
  return {
    ...base,
    legend: { show: false },
    grid: histograms.map((_, i) => ({ left: 84, right: 32, top: 92 + i * 244, height })),
    tooltip: { ...base.tooltip, valueFormatter: (value) => withThousands(Number(value)) },
    dataZoom: [],
    xAxis: histograms.map(({ axis, most }, gridIndex) => ({
      ...xAxis(theme, axis),
      gridIndex,
      min: 0,
      max: most,
    })),
    yAxis: histograms.map((_, gridIndex) => ({
      ...axis(theme, 'Requests', 58),
      min: 0,
      gridIndex,
      splitNumber: 4,
    })),
    series: histograms.map(({ bars }, i) => ({
      type: 'custom',
      name: 'Requests',
      xAxisIndex: i,
      yAxisIndex: i,
      color: colours[i] ?? theme.ink,
      dimensions: ['from', 'to', 'requests'],
      data: bars.map((one) => [...one]),
      ...bar(colours[i] ?? theme.ink),
    })),
  };
}
