import { fixed, percent, withCommas } from '../metrics/format.js';
import { goodput, goodRequestFraction } from '../metrics/goodput-metrics.js';
import type { Metric } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { statsOf } from '../metrics/results.js';
import { requestThroughput } from '../metrics/run-metrics.js';
import { counted, withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { joinLines, wrap } from './wrap.js';

/** What a service has to carry. */
export interface CapacityTarget {
  /** Requests a second. */
  readonly ratePerSecond: number;
  /** Share of all requests that must be good; undefined: none was set. */
  readonly goodShare?: number | undefined;
}

/** How many servers like the measured one carry a target, with the sums; each line ended by a line feed. */
export function capacity(
  summary: RunSummary,
  { ratePerSecond, goodShare }: CapacityTarget,
  layout: Layout,
): string {
  const value = (metric: Metric) => statsOf(summary.results, metric)?.avg;
  const target = withCommas(ratePerSecond).replace(/\.00$/, '');
  const sum = (name: string, what: string, rate: number | undefined) =>
    rate === undefined || rate <= 0
      ? `By ${name}: no number of servers is enough, because the measured one serves no ${what}.`
      : `By ${name}: ${target} / ${withCommas(rate)} ${what} a second each = ` +
        `${withCommas(ratePerSecond / rate)}, so ${servers(ratePerSecond / rate)}.`;
  const hasSlos = summary.slos.length > 0;
  const lines = [
    '',
    `Servers needed for ${target} requests a second, each like this one under the load of this run:`,
    sum('throughput', 'requests', value(requestThroughput)),
    ...(hasSlos ? [sum(goodput.label.toLowerCase(), 'good requests', value(goodput))] : []),
    ...(hasSlos ? factorLines(ratePerSecond, value(requestThroughput), value(goodput)) : []),
    ...(goodShare === undefined ? [] : shareLines(summary, goodShare, value(goodRequestFraction) ?? 0)),
  ];
  return joinLines(lines.flatMap((line) => wrap(line, layout.width)));
}

/** How many times the servers good requests take; nothing where both take as many. */
function factorLines(target: number, throughput = 0, goodput = 0): string[] {
  if (throughput <= 0 || goodput <= 0) return [];
  const factor = fixed(throughput / goodput, 1);
  if (servers(target / throughput) === servers(target / goodput) || factor === '1.0') return [];
  return [`Meeting the SLOs takes ${factor}× more servers than throughput alone suggests.`];
}

function shareLines(summary: RunSummary, target: number, share: number): string[] {
  const attempts = summary.validCount + summary.failedCount;
  const good = Math.round(share * attempts);
  const measured =
    `Good share: ${withThousands(good)} of ${withThousands(attempts)} requests = ` +
    `${percent(share, 2)}; the target is ${percent(target, 2)}`;
  return share >= target
    ? [`${measured}: met.`]
    : [
        `${measured}: not met. No number of servers meets it under this load; ` +
          'find the load at which one server does, and use its throughput.',
      ];
}

/** As many as carry what is printed: of 4.001, which reads 4.00, four do as well as any measurement tells. */
function servers(needed: number): string {
  return counted(Math.max(1, Math.ceil(Number(needed.toFixed(2)))), 'server');
}
