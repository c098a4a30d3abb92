import { withCommas } from '../metrics/format.js';
import type { Metric } from '../metrics/metric.js';
import { requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import { statsOf } from '../metrics/results.js';
import {
  errorRequestCount,
  outputTokenThroughput,
  plannedCancellationCount,
  requestCount,
} from '../metrics/run-metrics.js';
import type { SlicedRun } from '../metrics/sliced-run.js';
import type { Slice } from '../metrics/slices.js';
import { withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';

/** More slices than this are shown by their first and last ones; files hold all. */
const MOST_ROWS = 40;

/** A row for each slice. */
export function sliceTable({ slices, seconds }: SlicedRun, layout: Layout): string[] {
  const [half, left] = [MOST_ROWS / 2, slices.length - MOST_ROWS];
  const rows = slices.map((slice) => row(slice, slices[0]?.startNs ?? 0n));
  const shown =
    left <= 0
      ? rows
      : [...rows.slice(0, half), ['…', `${left} more`, ...Array<string>(4).fill('')], ...rows.slice(-half)];
  return drawTable(
    {
      title: `AIPerf | Time slices of ${seconds} s`,
      columns: [
        { header: 'Slice', style: 'cyan' },
        { header: 'Window (s)', style: 'cyan', yields: 'at spaces' },
        { header: 'Requests', yields: 'at spaces' },
        { header: 'TTFT avg (p90) (ms)', yields: 'at spaces' },
        { header: 'Latency avg (p90) (ms)', yields: 'at spaces' },
        { header: 'Tokens/s' },
      ],
      rows: shown,
    },
    layout,
  );
}

function row({ index, startNs, endNs, isComplete, results }: Slice, firstNs: bigint): string[] {
  const seconds = (atNs: bigint) => withCommas(Number(atNs - firstNs) / 1e9);
  const planned = statsOf(results, plannedCancellationCount)?.avg ?? 0;
  const failed = (statsOf(results, errorRequestCount)?.avg ?? 0) - planned;
  const spread = (metric: Metric) => {
    const { avg, p90 } = statsOf(results, metric) ?? {};
    return avg === undefined || p90 === undefined ? 'N/A' : `${withCommas(avg)} (${withCommas(p90)})`;
  };
  const tokens = statsOf(results, outputTokenThroughput)?.avg;
  return [
    `${index}`,
    `${seconds(startNs)} - ${seconds(endNs)}${isComplete ? '' : ' partial'}`,
    withThousands(statsOf(results, requestCount)?.avg ?? 0) +
      (failed > 0 ? ` + ${failed} failed` : '') +
      (planned > 0 ? ` + ${planned} cancelled` : ''),
    spread(timeToFirstToken),
    spread(requestLatency),
    tokens === undefined ? 'N/A' : withCommas(tokens),
  ];
}
