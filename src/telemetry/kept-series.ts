import { keptMetric } from './known-servers.js';
import type { ScrapedSeries, ScrapedSource, SeriesHead, ServerSeries } from './server-series.js';
import type { Labels, Observation, SeriesMetric } from './time-series.js';

/** Most observations of a source that are kept: one a second in an hour. */
export const MOST_OBSERVATIONS = 3600;

/** A series that is kept, over the observations of its source. */
interface Kept {
  readonly metric: SeriesMetric;
  readonly labels: Labels;
  /** NaN in observations without it. */
  readonly values: Float64Array;
}

/**
 * Observations of the few metrics that are kept for charts: one for each scrape of a source, by source. Of more than
 * `most` scrapes, as many neighbours as needed share an observation, at the time of the last of them: with the mean of a
 * gauge, and the last value of a counter.
 */
export function* keptObservations(
  scraped: Pick<ScrapedSeries, 'series'>,
  most = MOST_OBSERVATIONS,
): Iterable<Observation> {
  let source: ScrapedSource | undefined;
  let kept = new Map<string, Kept>();
  const isKept = ({ family, labels }: SeriesHead) => keptMetric(family.name, labels) !== undefined;
  for (const series of scraped.series(isKept)) {
    if (series.source !== source) {
      if (source !== undefined) yield* observationsOf(source, [...kept.values()], most);
      source = series.source;
      kept = new Map();
    }
    const metric = keptMetric(series.family.name, series.labels);
    if (metric === undefined) continue;
    const key = JSON.stringify([metric.name, series.labels]);
    // Some versions have a figure under two names: the first counts.
    if (!kept.has(key))
      kept.set(key, { metric, labels: series.labels, values: reduced(series, metric, most) });
  }
  if (source !== undefined) yield* observationsOf(source, [...kept.values()], most);
}

function* observationsOf(
  { url, sentNs }: ScrapedSource,
  kept: readonly Kept[],
  most: number,
): Iterable<Observation> {
  const width = widthOf(sentNs.length, most);
  for (let at = 0; at * width < sentNs.length; at++) {
    const samples = kept.flatMap(({ metric, labels, values }) => {
      const value = values[at] ?? Number.NaN;
      return Number.isNaN(value) ? [] : [{ metric, labels, value }];
    });
    const last = Math.min((at + 1) * width, sentNs.length) - 1;
    if (samples.length > 0) yield { source: url, atNs: sentNs[last] ?? 0, samples };
  }
}

/** How many scrapes share an observation. */
function widthOf(scrapes: number, most: number): number {
  return Math.ceil(scrapes / most);
}

/** The values of a series in the observations of its source; of a histogram its sum. */
function reduced(
  { source, scrapes, values, bounds }: ServerSeries,
  { kind }: SeriesMetric,
  most: number,
): Float64Array {
  // Buckets come first, then the sum and the count.
  const [step, offset] = bounds.length === 0 ? [1, 0] : [bounds.length + 2, bounds.length];
  const all = new Float64Array(source.sentNs.length).fill(Number.NaN);
  for (const [i, scrape] of scrapes.entries()) all[scrape] = values[i * step + offset] ?? Number.NaN;
  return merged(all, widthOf(all.length, most), kind === 'counter' ? 'last' : 'mean');
}

/** Each `width` neighbours as one value, of those that are not NaN; NaN where all are. */
export function merged(values: ArrayLike<number>, width: number, keeps: 'mean' | 'last'): Float64Array {
  const all = new Float64Array(width === 0 ? 0 : Math.ceil(values.length / width)).fill(Number.NaN);
  for (let at = 0; at < all.length; at++) {
    const end = Math.min((at + 1) * width, values.length);
    let [sum, count, last] = [0, 0, Number.NaN];
    for (let i = at * width; i < end; i++) {
      const value = values[i] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
      last = value;
    }
    if (count > 0) all[at] = keeps === 'last' ? last : sum / count;
  }
  return all;
}
