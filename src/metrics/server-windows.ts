import type { ServerSeries } from '../telemetry/server-series.js';
import type { Window } from './request-table.js';

/** The samples of a series that belong to a window, as indices. */
export interface SampleSpan {
  /** Those inside: from the first to the one before `end`. */
  readonly first: number;
  readonly end: number;
  /** Those that growth is between; the same one where only one is known. */
  readonly reference: number;
  readonly final: number;
  /** What the growth covers of the window. */
  readonly seconds: number;
}

/**
 * The samples of a series that belong to a window, by the time at which their scrape was sent. Growth is from the last
 * sample sent before the window to the first one sent after it: idle time that these include has no growth, and the
 * seconds leave it out. A series that appears inside grows from its first sample, one that vanishes to its last.
 * @returns undefined where the series has no sample from the first to the last of those.
 */
export function spanOf(series: ServerSeries, { fromNs, toNs }: Window): SampleSpan | undefined {
  const last = series.scrapes.length - 1;
  const first = firstSent(series, fromNs);
  const end = firstSent(series, toNs, 'after');
  // Neither vanished before the window nor appeared behind the scrape that ends it.
  if (first > last || (end === 0 && sentNs(series, 0) > closingNs(series, toNs))) return undefined;
  const reference = Math.max(first - 1, 0);
  const final = Math.min(end, last);
  return {
    first,
    end,
    reference,
    final,
    seconds: coveredSeconds(series, reference, final, { fromNs, toNs }),
  };
}

/** Slices of equal length. */
export interface SliceGrid {
  /** Start of the first one: the first request of the window. */
  readonly fromNs: number;
  readonly lengthNs: number;
}

/** A slice of a window with its samples. */
export interface SliceSpan extends Window {
  readonly isComplete: boolean;
  /** Undefined where the series has no sample in or around it. */
  readonly span: SampleSpan | undefined;
}

/**
 * The samples of each slice of a window. Growth at the border of two slices is read from the last sample sent until
 * then: slices add up to the window, and the seconds are those between the samples.
 */
export function sliceSpans(
  series: ServerSeries,
  whole: SampleSpan,
  { toNs }: Window,
  { fromNs, lengthNs }: SliceGrid,
): SliceSpan[] {
  const slices: SliceSpan[] = [];
  let reference = whole.reference;
  for (let index = 0; fromNs + index * lengthNs < toNs; index++) {
    const startNs = fromNs + index * lengthNs;
    const isComplete = startNs + lengthNs <= toNs;
    const isLast = startNs + lengthNs >= toNs;
    const endNs = isLast ? toNs : startNs + lengthNs;
    const first = firstSent(series, startNs);
    const end = isLast ? firstSent(series, toNs, 'after') : firstSent(series, endNs);
    const upTo = firstSent(series, endNs, 'after') - 1;
    const final = isLast ? whole.final : Math.max(Math.min(upTo, whole.final), reference);
    const seconds = coveredSeconds(series, reference, final, { fromNs, toNs });
    const span = { first, end, reference, final, seconds };
    const isKnown = end > first || final > reference;
    slices.push({ fromNs: startNs, toNs: endNs, isComplete, span: isKnown ? span : undefined });
    reference = final;
  }
  return slices;
}

function coveredSeconds(
  series: ServerSeries,
  reference: number,
  final: number,
  { fromNs, toNs }: Window,
): number {
  const [startNs, endNs] = [sentNs(series, reference), sentNs(series, final)];
  return Math.max(0, Math.min(endNs, toNs) - Math.max(startNs, fromNs)) / 1e9;
}

/** When the first scrape after a time was sent; the last one of all if there is none. */
function closingNs({ source: { sentNs } }: ServerSeries, toNs: number): number {
  return sentNs.find((atNs) => atNs > toNs) ?? sentNs.at(-1) ?? toNs;
}

function sentNs({ source, scrapes }: ServerSeries, index: number): number {
  return source.sentNs[scrapes[index] ?? 0] ?? 0;
}

/** Index of the first sample sent at a time or later, or after it; the number of samples if there is none. */
function firstSent(series: ServerSeries, atNs: number, when: 'from' | 'after' = 'from'): number {
  let low = 0;
  let high = series.scrapes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const time = sentNs(series, middle);
    if (time < atNs || (when === 'after' && time === atNs)) low = middle + 1;
    else high = middle;
  }
  return low;
}
