import { ValueCounts, type ValueStatistics } from './value-counts.js';

/** Arrival statistics of a trace. */
export interface ArrivalFigures {
  /** From first to last request. */
  readonly durationMs: number;
  /** Requests divided by the duration; undefined for a duration of 0. */
  readonly perSecond: number | undefined;
  /** Inter-arrival times, ms; undefined if timestamps go back or there are fewer than two. */
  readonly gaps: ValueStatistics | undefined;
  /** The first line whose timestamp is below an earlier one. */
  readonly goesBackAtLine: number | undefined;
  /** Request counts in windows of equal length, starting at the earliest request. */
  readonly windows: { readonly seconds: number; readonly requests: readonly number[] };
}

/** Window lengths that are easy to read, seconds; beyond them the last one is doubled. */
const LENGTHS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400];
const MOST_WINDOWS = 24;

/** Collects timestamps in the order of the trace. */
export class Arrivals {
  readonly #gaps = new ValueCounts();
  #count = 0;
  #firstMs = 0;
  #latestMs = Number.NEGATIVE_INFINITY;
  #earliestMs = Number.POSITIVE_INFINITY;
  #goesBackAtLine: number | undefined;
  #windows: ReturnType<typeof emptyWindows> | undefined;

  add(timestampMs: number, line: number): void {
    if (this.#count === 0) this.#firstMs = timestampMs;
    // Round to the nanosecond, so that floating-point noise does not make equal gaps differ.
    else this.#gaps.add(Math.round((timestampMs - this.#latestMs) * 1e6) / 1e6);
    if (timestampMs < this.#latestMs) this.#goesBackAtLine ??= line;
    this.#count++;
    this.#latestMs = Math.max(this.#latestMs, timestampMs);
    this.#earliestMs = Math.min(this.#earliestMs, timestampMs);
  }

  /** Counts a timestamp in its window; call it in a second pass, because the window length depends on all timestamps. */
  addToWindow(timestampMs: number): void {
    const start = this.#secondOf(this.#earliestMs);
    this.#windows ??= emptyWindows(this.#secondOf(this.#latestMs) - start);
    const { seconds, requests } = this.#windows;
    const window = Math.floor((this.#secondOf(timestampMs) - start) / seconds);
    requests[window] = (requests[window] ?? 0) + 1;
  }

  /** Undefined without timestamps. */
  figures(): ArrivalFigures | undefined {
    if (this.#windows === undefined) return undefined;
    const durationMs = this.#latestMs - this.#earliestMs;
    return {
      durationMs,
      perSecond: durationMs > 0 ? this.#count / (durationMs / 1000) : undefined,
      gaps: this.#goesBackAtLine === undefined ? this.#gaps.statistics() : undefined,
      goesBackAtLine: this.#goesBackAtLine,
      windows: this.#windows,
    };
  }

  /** Whole seconds since the first timestamp. */
  #secondOf(timestampMs: number): number {
    return Math.floor((timestampMs - this.#firstMs) / 1000);
  }
}

/** @param lastSecond the last second to cover, from 0. */
function emptyWindows(lastSecond: number): { readonly seconds: number; readonly requests: number[] } {
  const seconds = windowLength(lastSecond + 1);
  return { seconds, requests: Array.from({ length: Math.floor(lastSecond / seconds) + 1 }, () => 0) };
}

function windowLength(seconds: number): number {
  const fitting = LENGTHS.find((length) => seconds / length <= MOST_WINDOWS);
  if (fitting !== undefined) return fitting;
  let length = LENGTHS.at(-1) ?? 1;
  while (seconds / length > MOST_WINDOWS) length *= 2;
  return length;
}
