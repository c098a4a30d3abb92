import type { Sorted } from '../metrics/column.js';
import { percentile } from '../metrics/statistics.js';
import { counted, withThousands } from '../util/counted.js';
import type { RunChart } from './chart.js';
import { axis, figure, frame, limitLine, named, xAxis } from './frame.js';
import { countBelow, countUpTo, histogramOf } from './histogram.js';
import { bar } from './marks.js';
import type { Measure } from './measures.js';
import { fewDigits, type Point } from './reduce.js';

interface Distribution {
  readonly subtitle: string;
  /** Where the axis ends; the subtitle counts what lies beyond. */
  readonly most: number;
  /** Lower and upper edge, and the share of all values from the one to below the other, percent. */
  readonly bars: readonly (readonly [from: number, to: number, share: number])[];
  /** Value and the share of all that are not greater, percent. */
  readonly steps: readonly Point[];
  readonly limit: number | undefined;
}

const STEPS = 500;
/** An objective beyond this multiple of the largest value is not drawn: it would flatten the bars. */
const SEEN_UP_TO = 3;

/** A metric's histogram above its cumulative distribution, both with the objective. */
export function distributionChart({ metric, key, label, unit }: Measure): RunChart<Distribution> {
  const title = `Distribution of ${label.charAt(0).toLowerCase()}${label.slice(1)}`;
  return {
    name: `${key}_distribution`,
    title,
    data(run) {
      const sorted = run.sorted(metric);
      if (sorted.length === 0) return undefined;
      const { most, beyond, bars } = histogramOf(sorted);
      const limit = run.objectiveFor(metric)?.slo.limit;
      const met = limit === undefined ? undefined : shareThatMeets(sorted, limit, metric.largerIsBetter);
      return {
        subtitle: [
          counted(sorted.length, 'request'),
          ...[50, 90, 99].map((p) => `p${p} ${figure(percentile(sorted, p))} ${unit}`),
          ...(met === undefined ? [] : [`${figure(100 * met)} % meet the SLO`]),
          ...(beyond === 0 ? [] : [`${withThousands(beyond)} above ${figure(most)} ${unit} not drawn`]),
        ].join('; '),
        most,
        bars: bars.map(([from, to, requests]) => [from, to, fewDigits((100 * requests) / sorted.length)]),
        steps: cumulative(sorted, most),
        limit,
      };
    },
    option({ subtitle, most, bars, steps, limit }, theme) {
      const base = frame(theme, title, subtitle);
      const upper = { left: 84, right: 32, top: 84, height: 186 };
      const lower = { left: 84, right: 32, top: 306, bottom: 64 };
      const isSeen = limit !== undefined && limit <= SEEN_UP_TO * most;
      const line = (text: string) => (isSeen ? { markLine: limitLine(theme, text, { xAxis: limit }) } : {});
      const end = isSeen ? Math.max(most, fewDigits(1.05 * limit)) : most;
      const x = { ...xAxis(theme, named(label, unit)), min: 0, max: end };
      const y = (name: string) => ({ ...axis(theme, name, 52), min: 0 });
      const labels = (format: (value: number) => string) => ({ ...x.axisLabel, formatter: format });
      const percent = labels((value) => `${figure(value)} %`);
      return {
        ...base,
        legend: { show: false },
        grid: [upper, lower],
        tooltip: {
          ...base.tooltip,
          trigger: 'axis',
          valueFormatter: (value) => `${figure(Number(value))} %`,
        },
        axisPointer: { link: [{ xAxisIndex: 'all' }], label: { show: false } },
        xAxis: [
          { ...x, gridIndex: 0, name: '', axisLabel: { show: false } },
          { ...x, gridIndex: 1, axisLabel: { ...x.axisLabel, showMaxLabel: false } },
        ],
        yAxis: [
          { ...y('Share of requests'), gridIndex: 0, axisLabel: percent, splitNumber: 4 },
          { ...y('Requests up to'), gridIndex: 1, axisLabel: percent, max: 100, interval: 25 },
        ],
        series: [
          {
            type: 'custom',
            name: 'Share of requests',
            color: theme.first,
            ...bar(theme.first),
            data: bars.map((one) => [...one]),
            ...line(limit === undefined ? '' : `SLO ${figure(limit)} ${unit}`),
          },
          {
            type: 'line',
            name: 'Requests up to this value',
            xAxisIndex: 1,
            yAxisIndex: 1,
            data: steps.map((step) => [...step]),
            step: 'end',
            symbol: 'none',
            color: theme.first,
            lineStyle: { width: 2 },
            ...line(''),
          },
        ],
      };
    },
  };
}

function cumulative(sorted: Sorted, most: number): Point[] {
  const points: Point[] = [[0, 0]];
  const drawn = countUpTo(sorted, most);
  const count = Math.min(drawn, STEPS);
  for (let i = 1; i <= count; i++) {
    const rank = Math.round((i * drawn) / count);
    points.push([fewDigits(sorted[rank - 1] ?? 0), fewDigits((100 * rank) / sorted.length)]);
  }
  return points;
}

function shareThatMeets(sorted: Sorted, limit: number, largerIsBetter: boolean): number {
  const met = largerIsBetter ? sorted.length - countBelow(sorted, limit) : countUpTo(sorted, limit);
  return met / sorted.length;
}
