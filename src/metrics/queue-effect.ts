import { serverMetrics } from '../telemetry/server-metrics.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import { association } from './association.js';
import { timeToFirstToken } from './request-metrics.js';
import type { RequestTable } from './request-table.js';

/** Chance to report an effect in a run in which TTFT has nothing to do with the queue. */
const LEVEL = 0.00375;
/** Smaller effects are not worth a word, however certain they are. */
const LEAST_CHANGE = 0.1;
const FEWEST_WINDOWS = 16;
const MOST_WINDOWS = 200;
const LEAST_REQUESTS = 5;
const LEAST_WINDOW_NS = 1e9;

/** TTFT is higher when requests wait in the queue of the servers. */
export interface QueueEffect {
  /** Thirds of the windows with the shortest and the longest queue: its mean, and the median TTFT in ms. */
  readonly short: QueueWindows;
  readonly long: QueueWindows;
  readonly p: number;
}

interface QueueWindows {
  readonly queue: number;
  readonly ttftMs: number;
}

/** A part of the run. */
interface QueueWindow extends QueueWindows {
  readonly atNs: number;
}

/**
 * Whether TTFT rises with the number of waiting requests, over windows of at least a second and five requests: the
 * median TTFT of the requests that start in each, and the mean queue of all servers. Undefined where it does not, where
 * the windows are too few, and where nothing ever waits.
 */
export function queueEffect(table: RequestTable, series: readonly TimeSeries[]): QueueEffect | undefined {
  const queues = series.filter(({ metric }) => metric.name === serverMetrics.waiting.name);
  const windows = windowsOf(table, queues);
  if (windows.length < FEWEST_WINDOWS || windows.every(({ queue }) => queue === 0)) return undefined;
  const { p } = association(
    windows.map(({ atNs }) => atNs),
    windows.map(({ queue }) => queue),
    windows.map(({ ttftMs }) => Math.log(ttftMs)),
  );
  const sorted = windows.toSorted((a, b) => a.queue - b.queue);
  const third = Math.floor(windows.length / 3);
  const [short, long] = [sorted.slice(0, third), sorted.slice(-third)].map((some) => ({
    queue: some.reduce((sum, { queue }) => sum + queue, 0) / some.length,
    ttftMs: median(some.map(({ ttftMs }) => ttftMs)),
  }));
  if (short === undefined || long === undefined || p >= LEVEL) return undefined;
  return long.ttftMs < (1 + LEAST_CHANGE) * short.ttftMs ? undefined : { short, long, p };
}

function windowsOf(table: RequestTable, queues: readonly TimeSeries[]): QueueWindow[] {
  const ttfts = table.column(timeToFirstToken);
  if (ttfts === undefined || queues.length === 0) return [];
  const { fromNs, toNs } = table.extent;
  const count = Math.floor(
    Math.min(MOST_WINDOWS, (toNs - fromNs) / LEAST_WINDOW_NS, ttfts.count / LEAST_REQUESTS),
  );
  if (!(count > 0)) return [];
  const placeOf = (atNs: number) => Math.floor(((atNs - fromNs) / (toNs - fromNs)) * count);
  const starting: number[][] = Array.from({ length: count }, () => []);
  for (let row = 0; row < table.length; row++) {
    const ttft = ttfts.at(row);
    if (ttft > 0) starting[placeOf(table.startNs(row))]?.push(ttft / 1e6);
  }
  const waiting = queues.map((queue) => meansWithin(queue, count, placeOf));
  return starting.flatMap((values, window) => {
    const queue = waiting.reduce((sum, means) => sum + (means[window] ?? Number.NaN), 0);
    if (values.length < LEAST_REQUESTS || Number.isNaN(queue)) return [];
    const atNs = fromNs + ((window + 0.5) * (toNs - fromNs)) / count;
    return [{ atNs, queue, ttftMs: median(values) }];
  });
}

/** Mean of the values in each of so many windows; NaN for none. */
function meansWithin(
  { times, values }: TimeSeries,
  count: number,
  placeOf: (atNs: number) => number,
): Float64Array {
  const sums = new Float64Array(count);
  const counts = new Float64Array(count);
  for (const [i, atNs] of times.entries()) {
    const place = placeOf(atNs);
    if (place < 0 || place >= count) continue;
    sums[place] = (sums[place] ?? 0) + (values[i] ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return sums.map((sum, i) => sum / (counts[i] ?? 0));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
