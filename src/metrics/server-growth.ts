import type { ScrapedSource, ServerSeries } from '../telemetry/server-series.js';
import { estimatedPercentiles } from './histogram-estimates.js';
import type { Window } from './request-table.js';
import { spanStatistics } from './server-statistics.js';
import { spanOf } from './server-windows.js';

/** Mean and maximum of a gauge over its samples within the phase. */
export interface GaugeFigure {
  readonly mean: number;
  readonly max: number;
}

/** Growth of a histogram, in its unit; percentiles are estimates. */
export interface HistogramFigure {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** What is kept of a series: little, so that many long ones fit into memory. */
export interface ReducedSeries {
  readonly kind: ServerSeries['family']['kind'];
  /** Growth of each value of a counter or histogram, as in `ServerSeries`; empty for a gauge. */
  readonly growth: Float64Array;
  readonly wasReset: boolean;
  readonly bounds: readonly string[];
  /** Estimates of a histogram; undefined where it has none. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Times and values of a gauge within the phase. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Index of the last scrape that was sent before the phase; -1 for none. */
export function referenceScrape({ sentNs }: ScrapedSource, { fromNs }: Window): number {
  return sentNs.findLastIndex((atNs) => atNs < fromNs);
}

/** What a series did in a phase. */
export function reduced(series: ServerSeries, window: Window): ReducedSeries {
  const { kind } = series.family;
  const none = new Float64Array(0);
  const common = { kind, bounds: series.bounds, p50: undefined, p99: undefined };
  if (kind === 'counter' || kind === 'histogram') {
    const span = kind === 'histogram' ? spanOf(series, window) : undefined;
    const { p50_estimate: p50, p99_estimate: p99 } = (span && spanStatistics(series, span)?.stats) ?? {};
    return { ...common, ...{ p50, p99 }, ...growthOf(series, window), times: none, values: none };
  }
  const { source, scrapes } = series;
  const inside = scrapes.map((scrape) => {
    const atNs = source.sentNs[scrape] ?? 0;
    return atNs >= window.fromNs && atNs <= window.toNs ? 1 : 0;
  });
  const times = Float64Array.from(scrapes, (scrape) => source.sentNs[scrape] ?? 0);
  const isInside = (_: number, i: number) => inside[i] === 1;
  return {
    ...common,
    ...{ growth: none, wasReset: false },
    times: times.filter(isInside),
    values: series.values.filter(isInside),
  };
}

/**
 * How far each of a series' values grew from the last scrape before the phase to the last of all: the reading ends when
 * the counters rest. A drop means that the server restarted: it grows from 0 again. A series that was not on the page
 * before the phase starts at 0.
 */
function growthOf(
  series: ServerSeries,
  window: Window,
): { readonly growth: Float64Array; readonly wasReset: boolean } {
  const { source, bounds, scrapes, values } = series;
  const width = bounds.length === 0 ? 1 : bounds.length + 2;
  // Without a scrape before the phase, the first one has to do.
  const reference = Math.max(0, referenceScrape(source, window));
  const growth = new Float64Array(width);
  let before = new Float64Array(width);
  let wasReset = false;
  for (let i = 0; i < scrapes.length; i++) {
    const now = values.slice(i * width, (i + 1) * width);
    if ((scrapes[i] ?? 0) > reference) {
      // Of a histogram the count: its sum may fall.
      const restarted = (now.at(-1) ?? 0) < (before.at(-1) ?? 0);
      wasReset ||= restarted;
      for (let place = 0; place < width; place++)
        growth[place] = (growth[place] ?? 0) + (now[place] ?? 0) - (restarted ? 0 : (before[place] ?? 0));
    }
    before = now;
  }
  return { growth, wasReset };
}

/** The gauge that is the sum of several, at every time at which one of them was read. */
export function summedGauge(all: readonly ReducedSeries[]): GaugeFigure | undefined {
  const samples = all.flatMap(({ times, values }, place) =>
    Array.from(times, (atNs, i) => ({ atNs, value: values[i] ?? 0, place })),
  );
  samples.sort((a, b) => a.atNs - b.atNs);
  const latest = new Map<number, number>();
  const sums: number[] = [];
  for (const [i, { atNs, value, place }] of samples.entries()) {
    latest.set(place, value);
    // Series of one page are read at the same time.
    if (samples[i + 1]?.atNs === atNs) continue;
    if (latest.size === all.length) sums.push([...latest.values()].reduce((sum, one) => sum + one, 0));
  }
  return gaugeFigure(sums);
}

/** Mean of several gauges over time, and the maximum of any. */
export function meanGauge(all: readonly ReducedSeries[]): GaugeFigure | undefined {
  const figures = all.flatMap(({ values }) => gaugeFigure(values) ?? []);
  if (figures.length === 0) return undefined;
  return {
    mean: figures.reduce((sum, { mean }) => sum + mean, 0) / figures.length,
    max: Math.max(...figures.map(({ max }) => max)),
  };
}

/** Histograms together; those with other bounds than the first are left out. Undefined where nothing was observed. */
export function histogramFigure(all: readonly ReducedSeries[]): HistogramFigure | undefined {
  const grown = all.filter(({ growth }) => (growth.at(-1) ?? 0) > 0);
  const [first] = grown;
  if (first === undefined) return undefined;
  const same = grown.filter(({ bounds }) => bounds.join() === first.bounds.join());
  const total = first.growth.map((_, place) =>
    same.reduce((sum, { growth }) => sum + (growth[place] ?? 0), 0),
  );
  const [sum = 0, count = 0] = total.slice(-2);
  const [p50, p99] = same.length === 1 ? [first.p50, first.p99] : estimates(first.bounds, total, sum);
  if (p50 === undefined || p99 === undefined) return undefined;
  return { count, mean: sum / count, p50, p99 };
}

/** Median and 99th percentile of several histograms together: of one alone more is known. */
function estimates(bounds: readonly string[], total: Float64Array, sum: number) {
  const finite = bounds.map(Number).filter(Number.isFinite);
  const buckets = finite.map((upper, i) => ({
    ...{ lower: finite[i - 1] ?? 0, upper },
    count: (total[i] ?? 0) - (i === 0 ? 0 : (total[i - 1] ?? 0)),
    ...{ mean: undefined, variance: undefined },
  }));
  const beyond = (total.at(-1) ?? 0) - (total[finite.length - 1] ?? 0);
  const percentiles = new Map(estimatedPercentiles({ buckets, beyond, sum }));
  return [percentiles.get(50), percentiles.get(99)] as const;
}

function gaugeFigure(samples: readonly number[] | Float64Array): GaugeFigure | undefined {
  if (samples.length === 0) return undefined;
  let [sum, max] = [0, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    sum += value;
    max = Math.max(max, value);
  }
  return { mean: sum / samples.length, max };
}
