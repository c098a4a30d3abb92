import { describe, expect, it } from 'vitest';
import type { RunChart } from '../../src/charts/chart.js';
import { ChartRun } from '../../src/charts/chart-run.js';
import {
  concurrencyOverTime,
  outputThroughputOverTime,
  tokensInFlightOverTime,
} from '../../src/charts/load-over-time.js';
import { fewDigits } from '../../src/charts/reduce.js';
import { sliceCharts } from '../../src/charts/timeslices.js';
import {
  effectiveConcurrency,
  effectiveDecodeThroughput,
  effectivePrefillConcurrency,
  tokensInFlight,
} from '../../src/metrics/curve-metrics.js';
import type { CurveMetric } from '../../src/metrics/metric.js';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../../src/metrics/request-metrics.js';
import type { RequestTable } from '../../src/metrics/request-table.js';
import { statsOf } from '../../src/metrics/results.js';
import { outputTokenThroughput } from '../../src/metrics/run-metrics.js';
import { everyTrait } from '../../src/run/configuration.js';
import { summarizeRecords } from '../../src/run/open.js';
import { goldenIsThere, goldenPath } from '../metrics/golden.js';
import { fourRequests, storeOf, streamingChat, thresholds } from '../metrics/records.js';

interface Recorded {
  readonly table: RequestTable;
  /** Cut into two slices. */
  readonly summary: RunSummary;
}

/** The slices' length: in both halves of each of these runs a request starts. */
const half = ({ extent: { fromNs, toNs } }: RequestTable) => Math.floor((toNs - fromNs) / 2) + 1;

function fourByHand(): Recorded {
  const sliceSeconds = half(storeOf(fourRequests).table) / 1e9;
  const store = storeOf(fourRequests, { ...streamingChat, sliceSeconds });
  return { table: store.table, summary: store.summary() };
}

function golden(run: string): Recorded {
  const file = goldenPath(`${run}/profile_export.jsonl`);
  const view = { phase: 'profiling', thresholds, traits: everyTrait } as const;
  const sliceSeconds = half(summarizeRecords(file, view).table ?? storeOf([]).table) / 1e9;
  const traits = { ...everyTrait, sliceSeconds };
  const { summary, table } = summarizeRecords(file, { ...view, traits });
  if (summary === undefined || table === undefined) throw new Error(`${file} holds no record`);
  return { summary, table };
}

const runs: readonly (readonly [name: string, read: () => Recorded])[] = [
  ['four requests', fourByHand],
  ...(goldenIsThere
    ? ['think', 'turns'].map((run) => [`golden run ${run}`, () => golden(run)] as const)
    : []),
];

/** Each curve with the chart that draws it, and its place there. */
const curves = [
  [effectiveConcurrency, concurrencyOverTime, 0],
  [effectivePrefillConcurrency, concurrencyOverTime, 1],
  [effectiveDecodeThroughput, outputThroughputOverTime, 0],
  [tokensInFlight, tokensInFlightOverTime, 0],
] as const;

describe.each(runs)('chart, metric and slices agree: %s', (_, read) => {
  const { table, summary } = read();
  const { fromNs, toNs } = table.extent;
  const slices = summary.sliced?.slices ?? [];
  const chartRun = new ChartRun(table, { objectives: [], sliced: summary.sliced, series: [] });

  it('has two slices', () => {
    expect(slices.map(({ isComplete }) => isComplete)).toEqual([true, false]);
  });

  it.each(curves.map(([metric, chart, place]) => [metric.tag, metric, chart, place] as const))(
    '%s',
    (_tag, metric: CurveMetric, chart, place) => {
      const average = statsOf(summary.results, metric)?.avg ?? Number.NaN;
      // Windows of the chart are equally long; its points have six digits.
      const points = chart.data(chartRun)?.curves[place]?.points ?? [];
      expect(points).toHaveLength(300);
      const drawn = points.reduce((sum, [, mean]) => sum + mean, 0) / points.length;
      expect(Math.abs(drawn / average - 1)).toBeLessThan(1e-5);
      const inSlices = slices.reduce(
        (sum, { startNs, endNs, results }) =>
          sum + (statsOf(results, metric)?.avg ?? Number.NaN) * Number(endNs - startNs),
        0,
      );
      expect(inSlices / (toNs - fromNs) / average).toBeCloseTo(1, 12);
    },
  );

  it('the charts of slices draw what their files hold', () => {
    const drawn = (chart: RunChart<unknown> | undefined) => chart?.data(chartRun);
    const [first] = slices;
    if (first === undefined) throw new Error('there is no slice');
    const to = fewDigits(Number(first.endNs - first.startNs) / 1e9);
    for (const [i, metric] of [timeToFirstToken, interTokenLatency, requestLatency].entries()) {
      const { p50 = Number.NaN, p90 = Number.NaN } = statsOf(first.results, metric) ?? {};
      expect(drawn(sliceCharts[i])).toMatchObject({ bars: [[0, to, fewDigits(p90), fewDigits(p50)]] });
    }
    const { avg = Number.NaN } = statsOf(first.results, outputTokenThroughput) ?? {};
    expect(drawn(sliceCharts.at(-1))).toMatchObject({ bars: [[0, to, fewDigits(avg)]] });
  });
});
