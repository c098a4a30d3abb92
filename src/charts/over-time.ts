import type { RunChart } from './chart.js';
import { figure, frame, lineIcons, named, requestsWords, timeAxis, yAxisWithLimit } from './frame.js';
import { requestDots } from './marks.js';
import type { Measure } from './measures.js';
import { type Bin, niceStep, type Point, quantileBins, thinned } from './reduce.js';

interface OverTime {
  readonly subtitle: string;
  readonly seconds: number;
  readonly points: readonly Point[];
  /** When failed requests were sent, seconds. */
  readonly failedAt: readonly number[];
  /** Empty where requests are too few for percentiles. */
  readonly bins: readonly Bin[];
  readonly limit: number | undefined;
}

/** Fewer requests are too few for percentiles. */
const REQUESTS_PER_BIN = 20;
const MOST_BINS = 60;
/** More marks than these run into one. */
const MOST_FAILED = 80;

/** A metric of every request at the time it was sent, with median and 90th percentile. */
export function overTime(measure: Measure): RunChart<OverTime> {
  const { metric, key, label, unit } = measure;
  const title = `${label} over time`;
  return {
    name: `${key}_over_time`,
    title,
    data(run) {
      if (!run.has(metric)) return undefined;
      const startS = (row: number) => run.startS(row);
      const value = (row: number) => run.value(metric, row);
      const bins = Math.min(MOST_BINS, Math.floor(run.length / REQUESTS_PER_BIN));
      const width = bins < 3 || run.seconds === 0 ? undefined : niceStep(run.seconds / bins);
      const failed = thinned(
        run.length,
        (row) => (run.isFailed(row) ? run.startS(row) : Number.NaN),
        () => 0,
        MOST_FAILED,
      );
      return {
        subtitle: requestsWords(run),
        seconds: run.seconds,
        points: thinned(run.length, startS, value),
        failedAt: failed.map(([at]) => at),
        bins: width === undefined ? [] : quantileBins(run.length, startS, value, width),
        limit: run.objectiveFor(metric)?.slo.limit,
      };
    },
    option({ subtitle, seconds, points, failedAt, bins, limit }, theme) {
      const [bin] = bins;
      const window = bin === undefined ? '' : `, within ${figure(bin.to - bin.from)} s`;
      const line = (name: string, of: 'p50' | 'p90', type: 'solid' | 'dashed') => ({
        type: 'line' as const,
        name: `${name}${window}`,
        data: bins.map(({ from, to, [of]: value }) => [(from + Math.min(to, seconds)) / 2, value]),
        symbol: 'none',
        color: theme.ink,
        lineStyle: { width: 2, type },
        z: 4,
      });
      const base = frame(theme, title, subtitle);
      return {
        ...base,
        legend: {
          ...base.legend,
          data: [
            'Request',
            ...(bins.length === 0
              ? []
              : [
                  { name: `Median${window}`, icon: lineIcons.solid },
                  { name: `90th percentile${window}`, icon: lineIcons.dashed },
                ]),
            ...(failedAt.length === 0 ? [] : ['Failed request']),
          ],
        },
        xAxis: timeAxis(theme, seconds),
        yAxis: yAxisWithLimit(
          theme,
          named(label, unit),
          points.map(([, value]) => value),
          limit,
        ),
        series: [
          requestDots(theme, points, { limit, unit }),
          ...(bins.length === 0
            ? []
            : [line('Median', 'p50', 'solid'), line('90th percentile', 'p90', 'dashed')]),
          ...(failedAt.length === 0
            ? []
            : [
                {
                  type: 'scatter' as const,
                  name: 'Failed request',
                  data: failedAt.map((at) => [at, 0]),
                  symbol: 'triangle',
                  symbolSize: 9,
                  color: theme.bad,
                  z: 5,
                },
              ]),
        ],
      };
    },
  };
}
