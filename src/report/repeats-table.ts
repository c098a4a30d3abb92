import { percent, withCommas } from '../metrics/format.js';
import { goodput } from '../metrics/goodput-metrics.js';
import type { Repeats } from '../metrics/repeats.js';
import {
  interTokenLatency,
  outputTokenThroughputPerUser,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import { outputTokenThroughput, requestThroughput } from '../metrics/run-metrics.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import { joinLines } from './wrap.js';

/** What is shown of repeated runs; files hold every statistic of every metric. */
const shown = [
  [timeToFirstToken, 'avg'],
  [timeToFirstToken, 'p99'],
  [requestLatency, 'avg'],
  [requestLatency, 'p99'],
  [interTokenLatency, 'avg'],
  [outputTokenThroughputPerUser, 'avg'],
  [outputTokenThroughput, 'avg'],
  [requestThroughput, 'avg'],
  [goodput, 'avg'],
] as const;

/**
 * How far repeated runs agree; each line ended by a line feed.
 * @param metrics by `<tag>_<statistic>`. @param level of confidence. @param runs that they are made of.
 */
export function repeatsTable(
  metrics: ReadonlyMap<string, Repeats & { readonly unit: string }>,
  level: number,
  runs: number,
  layout: Layout,
): string {
  const rows = shown.flatMap(([{ tag, label }, stat]) => {
    const found = metrics.get(`${tag}_${stat}`);
    if (found === undefined) return [];
    const { mean, std, cv, ciLow, ciHigh, unit } = found;
    const name = `${label}${stat === 'avg' ? '' : ` ${stat}`} (${unit})`;
    const variation = Number.isFinite(cv) ? percent(cv, 2) : 'N/A';
    return [
      [name, withCommas(mean), withCommas(std), variation, `${withCommas(ciLow)} to ${withCommas(ciHigh)}`],
    ];
  });
  const value = (header: string) => ({ header, yields: 'at spaces' }) as const;
  const lines = drawTable(
    {
      title: `AIPerf | ${runs} runs`,
      columns: [
        { header: 'Metric', style: 'cyan', yields: 'at spaces' },
        ...['mean', 'std', 'CV', `${percent(level).replace('.0 %', ' %')} confidence`].map(value),
      ],
      rows,
    },
    layout,
  );
  return joinLines(['', ...lines, '']);
}
