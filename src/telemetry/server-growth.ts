import type { ScrapedSource, ServerSeries } from './server-series.js';

/** A phase, ns since the clock's origin. */
export interface PhaseWindow {
  readonly startNs: number;
  /** The last response. */
  readonly endNs: number;
}

/** Mean and maximum of a gauge over its samples within the phase. */
export interface GaugeFigure {
  readonly mean: number;
  readonly max: number;
}

/** Growth of a histogram, in its unit; percentiles are estimates, linear within buckets. */
export interface HistogramFigure {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** Index of the last scrape that was sent before the phase; -1 for none. */
export function referenceScrape({ sentNs }: ScrapedSource, { startNs }: PhaseWindow): number {
  return sentNs.findLastIndex((atNs) => atNs < startNs);
}

/**
 * How far each of a series' values grew from the last scrape before the phase to the last of all. A drop means that the
 * server restarted: it grows from 0 again. A series that was not on the page before the phase starts at 0.
 */
export function growthOf(
  series: ServerSeries,
  window: PhaseWindow,
): { readonly values: Float64Array; readonly wasReset: boolean } {
  const { source, bounds, scrapes, values } = series;
  const width = bounds.length === 0 ? 1 : bounds.length + 2;
  const reference = referenceScrape(source, window);
  const grown = new Float64Array(width);
  let before = new Float64Array(width);
  let wasReset = false;
  for (let i = 0; i < scrapes.length; i++) {
    const now = values.slice(i * width, (i + 1) * width);
    const scrape = scrapes[i] ?? 0;
    // Without a scrape before the phase, the first one has to do.
    if (scrape > Math.max(0, reference)) {
      const restarted = now.some((value, column) => value < (before[column] ?? 0));
      wasReset ||= restarted;
      for (let column = 0; column < width; column++)
        grown[column] = (grown[column] ?? 0) + (now[column] ?? 0) - (restarted ? 0 : (before[column] ?? 0));
    }
    before = now;
  }
  return { values: grown, wasReset };
}

/** The gauge that is the sum of several, at every time at which one of them was read within the phase. */
export function summedGauge(all: readonly ServerSeries[], window: PhaseWindow): GaugeFigure | undefined {
  const samples = all.flatMap((series, place) =>
    [...samplesWithin(series, window)].map(({ atNs, value }) => ({ atNs, value, place })),
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
  return figureOf(sums);
}

/** Mean of several gauges over time, and the maximum of any. */
export function meanGauge(all: readonly ServerSeries[], window: PhaseWindow): GaugeFigure | undefined {
  const figures = all.flatMap(
    (series) => figureOf([...samplesWithin(series, window)].map(({ value }) => value)) ?? [],
  );
  if (figures.length === 0) return undefined;
  return {
    mean: figures.reduce((sum, { mean }) => sum + mean, 0) / figures.length,
    max: Math.max(...figures.map(({ max }) => max)),
  };
}

/** Growth of histograms together; those with other bounds than the first are left out. Undefined where nothing was observed. */
export function histogramFigure(
  all: readonly ServerSeries[],
  window: PhaseWindow,
): HistogramFigure | undefined {
  const [first] = all;
  if (first === undefined || first.bounds.length === 0) return undefined;
  const bounds = first.bounds.map((bound) => (bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)));
  const total = new Float64Array(bounds.length + 2);
  for (const series of all) {
    if (series.bounds.join() !== first.bounds.join()) continue;
    const { values } = growthOf(series, window);
    for (const [column, value] of values.entries()) total[column] = (total[column] ?? 0) + value;
  }
  const [sum = 0, count = 0] = total.slice(bounds.length);
  if (count <= 0) return undefined;
  const quantile = (share: number) => estimate(bounds, total, share * count);
  return { count, mean: sum / count, p50: quantile(0.5), p99: quantile(0.99) };
}

/** The value that so many observations are at most; the highest finite bound for what is above it. */
function estimate(bounds: readonly number[], cumulative: Float64Array, rank: number): number {
  const bucket = bounds.findIndex((_, i) => (cumulative[i] ?? 0) >= rank);
  const [low, high] = [bounds[bucket - 1] ?? 0, bounds[bucket] ?? Number.POSITIVE_INFINITY];
  if (!Number.isFinite(high)) return bounds.findLast(Number.isFinite) ?? 0;
  const below = bucket === 0 ? 0 : (cumulative[bucket - 1] ?? 0);
  const inside = (cumulative[bucket] ?? 0) - below;
  return inside <= 0 ? high : low + ((high - low) * (rank - below)) / inside;
}

function* samplesWithin(
  { source, scrapes, values }: ServerSeries,
  { startNs, endNs }: PhaseWindow,
): Generator<{ readonly atNs: number; readonly value: number }> {
  for (const [i, scrape] of scrapes.entries()) {
    const atNs = source.sentNs[scrape] ?? 0;
    if (atNs >= startNs && atNs <= endNs) yield { atNs, value: values[i] ?? 0 };
  }
}

function figureOf(samples: readonly number[]): GaugeFigure | undefined {
  if (samples.length === 0) return undefined;
  return {
    mean: samples.reduce((sum, value) => sum + value, 0) / samples.length,
    max: samples.reduce((most, value) => Math.max(most, value)),
  };
}
