import { inputSequenceLength } from '../metrics/request-metrics.js';
import type { RunChart } from './chart.js';
import { frame, lineIcons, named, requestsWords, xAxis, yAxisWithLimit } from './frame.js';
import { requestDots } from './marks.js';
import { ttft } from './measures.js';
import { fewDigits, niceStep, type Point, quantileBins, thinned } from './reduce.js';

interface ByLength {
  readonly subtitle: string;
  readonly points: readonly Point[];
  /** Middle of a window of lengths, and the median within it. */
  readonly medians: readonly Point[];
  /** Whether lengths differ so much that the axis is logarithmic. */
  readonly isLogarithmic: boolean;
  readonly limit: number | undefined;
}

const WINDOWS = 25;
const REQUESTS_PER_WINDOW = 10;
const FAR_APART = 50;

/** Time to first token of each request against the length of its prompt. */
export const ttftByIsl: RunChart<ByLength> = {
  name: 'ttft_by_isl',
  title: 'Time to first token by input length',
  data(run) {
    if (!run.has(ttft.metric) || !run.has(inputSequenceLength)) return undefined;
    const lengths = run.sorted(inputSequenceLength);
    const [least, most] = [lengths[0] ?? 0, lengths.at(-1) ?? 0];
    const isLogarithmic = least > 0 && most / least > FAR_APART;
    const scale = isLogarithmic ? Math.log10 : (length: number) => length;
    const unscale = isLogarithmic ? (x: number) => 10 ** x : (x: number) => x;
    const x = (row: number) => scale(run.value(inputSequenceLength, row));
    const y = (row: number) => run.value(ttft.metric, row);
    const width = niceStep((scale(most) - scale(least)) / WINDOWS || 1);
    const medians = quantileBins(run.length, x, y, width).filter(({ count }) => count >= REQUESTS_PER_WINDOW);
    return {
      subtitle: requestsWords(run),
      points: thinned(run.length, x, y).map(([scaled, value]) => [fewDigits(unscale(scaled)), value]),
      medians:
        medians.length < 2
          ? []
          : medians.map(({ from, to, p50 }) => [fewDigits(unscale((from + to) / 2)), p50]),
      isLogarithmic,
      limit: run.objectiveFor(ttft.metric)?.slo.limit,
    };
  },
  option({ subtitle, points, medians, isLogarithmic, limit }, theme) {
    const base = frame(theme, ttftByIsl.title, subtitle);
    const x = xAxis(theme, 'Input sequence length (tokens)');
    const median = 'Median of similar lengths';
    return {
      ...base,
      legend: {
        ...base.legend,
        data: ['Request', ...(medians.length === 0 ? [] : [{ name: median, icon: lineIcons.solid }])],
      },
      xAxis: isLogarithmic
        ? {
            ...x,
            type: 'log',
            min: 'dataMin',
            max: 'dataMax',
            axisLabel: { ...x.axisLabel, showMinLabel: false, showMaxLabel: false },
          }
        : { ...x, scale: true },
      yAxis: yAxisWithLimit(
        theme,
        named(ttft.label, ttft.unit),
        points.map(([, value]) => value),
        limit,
      ),
      series: [
        requestDots(theme, points, { limit, unit: ttft.unit }),
        ...(medians.length === 0
          ? []
          : [
              {
                type: 'line' as const,
                name: median,
                data: medians.map((point) => [...point]),
                symbol: 'none',
                color: theme.ink,
                lineStyle: { width: 2 },
                z: 4,
              },
            ]),
      ],
    };
  },
};
