import { serverMetrics } from '../telemetry/server-metrics.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { Window } from './request-table.js';

/** Usage from which a KV cache counts as full: the last blocks are seldom all in use at the time of a scrape. */
const FULL = 0.98;
/** A cache that is full for less of the run is not worth a word. */
const LEAST_SHARE = 0.05;

/** A KV cache without room for all requests. */
export interface KvPressure {
  /** When it was first seen, seconds after the start of the window. */
  readonly fromSeconds: number;
  /** Highest usage of any server within the window, 0 to 1; undefined where none reports it. */
  readonly maxUsage: number | undefined;
  /** Requests that lost their place; 0: others only waited for one. */
  readonly preemptions: number;
  /** Of the samples, 0 to 1, those with a full cache and waiting requests. */
  readonly fullShare: number;
}

/** Whether the KV cache of a server preempted requests, or was full while others waited; facts of the series, no test. */
export function kvPressure(series: readonly TimeSeries[], window: Window): KvPressure | undefined {
  const of = ({ name }: { readonly name: string }) => series.filter(({ metric }) => metric.name === name);
  const usages = of(serverMetrics.kvCacheUsage);
  const samples = usages.flatMap((usage) => within(usage, window));
  const maxUsage = samples.length === 0 ? undefined : Math.max(...samples.map(({ value }) => value));
  const rises = of(serverMetrics.preemptions).flatMap((counter) => risesOf(counter, window));
  const seconds = (atNs: number) => (atNs - window.fromNs) / 1e9;
  if (rises.length > 0) {
    const preemptions = rises.reduce((sum, { by }) => sum + by, 0);
    const firstNs = Math.min(...rises.map(({ atNs }) => atNs));
    return { fromSeconds: seconds(firstNs), maxUsage, preemptions, fullShare: 0 };
  }
  const waiting = of(serverMetrics.waiting);
  const full = usages.flatMap((usage) => {
    const queue = waiting.find(({ source }) => source === usage.source);
    return within(usage, window).filter(({ atNs, value }) => value >= FULL && valueAt(queue, atNs) > 0);
  });
  const fullShare = full.length / samples.length;
  if (!(fullShare >= LEAST_SHARE)) return undefined;
  const first = Math.min(...full.map(({ atNs }) => atNs));
  return { fromSeconds: seconds(first), maxUsage, preemptions: 0, fullShare };
}

function within({ times, values }: TimeSeries, { fromNs, toNs }: Window): { atNs: number; value: number }[] {
  const samples = Array.from(times, (atNs, i) => ({ atNs, value: values[i] ?? 0 }));
  return samples.filter(({ atNs }) => atNs >= fromNs && atNs <= toNs);
}

/** When a counter was seen to have grown, from the last sample before the window to the first one after it. */
function risesOf({ times, values }: TimeSeries, { fromNs, toNs }: Window): { atNs: number; by: number }[] {
  return Array.from(times, (atNs, i) => ({ atNs, by: (values[i] ?? 0) - (values[i - 1] ?? 0) })).filter(
    ({ atNs, by }, i) => by > 0 && atNs > fromNs && (times[i - 1] ?? Number.POSITIVE_INFINITY) < toNs,
  );
}

function valueAt(series: TimeSeries | undefined, atNs: number): number {
  const place = series?.times.findLastIndex((time) => time <= atNs) ?? -1;
  return series?.values[place] ?? 0;
}
