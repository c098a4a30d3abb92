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
  /** Tokens of the requests that arrive in each of more, shorter windows. */
  readonly load: LoadFigures;
}

/** The load over time, by windows of equal length that start at the earliest request. */
export interface LoadFigures {
  readonly seconds: number;
  readonly requests: readonly number[];
  readonly inputTokens: readonly number[];
  readonly outputTokens: readonly number[];
}

/** Window lengths that are easy to read, seconds; beyond them the last one is doubled. */
const LENGTHS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400];
const MOST_WINDOWS = 24;
const MOST_LOAD_WINDOWS = 240;

/** Collects timestamps in the order of the trace. */
export class Arrivals {
  readonly #gaps = new ValueCounts();
  #count = 0;
  #firstMs = 0;
  #latestMs = Number.NEGATIVE_INFINITY;
  #earliestMs = Number.POSITIVE_INFINITY;
  #goesBackAtLine: number | undefined;
  #windows: { readonly seconds: number; readonly requests: number[] } | undefined;
  #load: Writable<LoadFigures> | undefined;

  add(timestampMs: number, line: number): void {
    if (this.#count === 0) this.#firstMs = timestampMs;
    // Round to the nanosecond, so that floating-point noise does not make equal gaps differ.
    else this.#gaps.add(Math.round((timestampMs - this.#latestMs) * 1e6) / 1e6);
    if (timestampMs < this.#latestMs) this.#goesBackAtLine ??= line;
    this.#count++;
    this.#latestMs = Math.max(this.#latestMs, timestampMs);
    this.#earliestMs = Math.min(this.#earliestMs, timestampMs);
  }

  /** Counts a request in its windows; call it in a second pass, because window lengths depend on all timestamps. */
  addToWindow(timestampMs: number, inputTokens: number, outputTokens: number): void {
    const start = this.#secondOf(this.#earliestMs);
    const last = this.#secondOf(this.#latestMs) - start;
    const second = this.#secondOf(timestampMs) - start;
    this.#windows ??= emptyWindows(last, MOST_WINDOWS, ({ seconds, zeros }) => ({
      seconds,
      requests: zeros(),
    }));
    this.#load ??= emptyWindows(last, MOST_LOAD_WINDOWS, ({ seconds, zeros }) => ({
      seconds,
      requests: zeros(),
      inputTokens: zeros(),
      outputTokens: zeros(),
    }));
    increase(this.#windows.requests, Math.floor(second / this.#windows.seconds), 1);
    const window = Math.floor(second / this.#load.seconds);
    increase(this.#load.requests, window, 1);
    increase(this.#load.inputTokens, window, inputTokens);
    increase(this.#load.outputTokens, window, outputTokens);
  }

  /** Undefined without timestamps. */
  figures(): ArrivalFigures | undefined {
    if (this.#windows === undefined || this.#load === undefined) return undefined;
    const durationMs = this.#latestMs - this.#earliestMs;
    return {
      durationMs,
      perSecond: durationMs > 0 ? this.#count / (durationMs / 1000) : undefined,
      gaps: this.#goesBackAtLine === undefined ? this.#gaps.statistics() : undefined,
      goesBackAtLine: this.#goesBackAtLine,
      windows: this.#windows,
      load: this.#load,
    };
  }

  /** Whole seconds since the first timestamp. */
  #secondOf(timestampMs: number): number {
    return Math.floor((timestampMs - this.#firstMs) / 1000);
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly number[] ? number[] : T[K] };

/** @param lastSecond the last second to cover, from 0. @param most windows. */
function emptyWindows<Windows>(
  lastSecond: number,
  most: number,
  make: (facts: { readonly seconds: number; readonly zeros: () => number[] }) => Windows,
): Windows {
  const seconds = windowLength(lastSecond + 1, most);
  const count = Math.floor(lastSecond / seconds) + 1;
  return make({ seconds, zeros: () => Array.from({ length: count }, () => 0) });
}

function windowLength(seconds: number, most: number): number {
  const fitting = LENGTHS.find((length) => seconds / length <= most);
  if (fitting !== undefined) return fitting;
  let length = LENGTHS.at(-1) ?? 1;
  while (seconds / length > most) length *= 2;
  return length;
}

function increase(counts: number[], index: number, by: number): void {
  counts[index] = (counts[index] ?? 0) + by;
}
