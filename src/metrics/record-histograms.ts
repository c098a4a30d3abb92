import { failureOf } from '../records/failure.js';
import { recordProcessorId } from '../records/processor-id.js';
import type { PhaseName, RequestRecord } from '../records/record.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import { boundsOf, hasValues, requestTimestamps } from './instruments.js';
import type { Metric } from './metric.js';

/** Histograms of all records since the run's start, by what the records have in common: plain data. */
export interface HistogramState {
  /** Wall-clock ns since 1970. */
  readonly startNs: bigint;
  readonly atNs: bigint;
  readonly recordProcessorId: string;
  /** Of each series' histograms, in order. */
  readonly tags: readonly string[];
  readonly series: readonly HistogramSeries[];
}

/** Histograms of the records of one load thread, phase, model and ending. */
export interface HistogramSeries {
  readonly workerId: string;
  readonly phase: PhaseName;
  readonly model: string;
  readonly wasCancelled: boolean;
  readonly hasError: boolean;
  /** Read by `readHistograms`. */
  readonly cells: Float64Array;
}

/** One histogram, in the metric's own unit. */
export interface RecordHistogram {
  readonly tag: string;
  /** Of each bucket: values up to its bound, the last one those above all bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

// Before the counts of a histogram's buckets.
const SUM = 0;
const LOST = 1;
const MIN = 2;
const MAX = 3;
const COUNTS = 4;

/** The place of a histogram among the cells of a series. */
interface Slot {
  readonly bounds: readonly number[];
  readonly at: number;
}

/** Adds up the values of records in the record thread, with memory that does not grow with the run. */
export class RecordHistograms {
  readonly #origin: ClockOrigin;
  readonly #startNs: number;
  readonly #tags: readonly string[];
  readonly #slots = new Map<string, Slot>();
  readonly #cellCount: number;
  readonly #series = new Map<string, HistogramSeries>();
  #cells: Float64Array;

  /** @param metrics of the run. @param nowNs since the origin. */
  constructor(metrics: readonly Metric[], origin: ClockOrigin, nowNs: number) {
    this.#origin = origin;
    this.#startNs = nowNs;
    this.#tags = [...metrics.filter(hasValues).map(({ tag }) => tag), ...requestTimestamps];
    let at = 0;
    for (const tag of this.#tags) {
      const bounds = boundsOf(tag);
      this.#slots.set(tag, { bounds, at });
      at += COUNTS + bounds.length + 1;
    }
    this.#cellCount = at;
    this.#cells = this.#empty();
  }

  /** The values that follow are those of this record. */
  begin(record: RequestRecord): void {
    const { workerId, phase, model } = record;
    const wasCancelled = record.cancelledNs !== undefined;
    const hasError = failureOf(record) !== undefined;
    const key = `${workerId} ${phase} ${wasCancelled} ${hasError} ${model}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { workerId, phase, model, wasCancelled, hasError, cells: this.#empty() };
      this.#series.set(key, series);
    }
    this.#cells = series.cells;
    if (hasError) return;
    const [start, end] = requestTimestamps;
    this.add(start, Number(wallNs(this.#origin, record.startNs)));
    this.add(end, Number(wallNs(this.#origin, record.endNs)));
  }

  /** @param value in the metric's own unit. */
  add(tag: string, value: number | Float64Array): void {
    const slot = this.#slots.get(tag);
    if (slot === undefined) return;
    if (typeof value === 'number') this.#addTo(slot, value);
    else for (const one of value) this.#addTo(slot, one);
  }

  /** A copy of the histograms. @param nowNs since the origin. */
  state(nowNs: number): HistogramState {
    return {
      startNs: wallNs(this.#origin, this.#startNs),
      atNs: wallNs(this.#origin, nowNs),
      recordProcessorId,
      tags: this.#tags,
      series: [...this.#series.values()].map((series) => ({ ...series, cells: series.cells.slice() })),
    };
  }

  /** The sum is compensated as in `CompensatedSum`, so that it is that of the records to the last digit. */
  #addTo({ bounds, at }: Slot, value: number): void {
    const cells = this.#cells;
    const sum = cells[at + SUM] ?? 0;
    const next = sum + value;
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    cells[at + SUM] = next;
    cells[at + LOST] = (cells[at + LOST] ?? 0) + lost;
    if (value < (cells[at + MIN] ?? 0)) cells[at + MIN] = value;
    if (value > (cells[at + MAX] ?? 0)) cells[at + MAX] = value;
    const bucket = at + COUNTS + bucketOf(bounds, value);
    cells[bucket] = (cells[bucket] ?? 0) + 1;
  }

  #empty(): Float64Array {
    const cells = new Float64Array(this.#cellCount);
    for (const { at } of this.#slots.values()) {
      cells[at + MIN] = Number.POSITIVE_INFINITY;
      cells[at + MAX] = Number.NEGATIVE_INFINITY;
    }
    return cells;
  }
}

/** The histograms of a series that have values. @param tags of its state. */
export function readHistograms(tags: readonly string[], { cells }: HistogramSeries): RecordHistogram[] {
  const histograms: RecordHistogram[] = [];
  let at = 0;
  for (const tag of tags) {
    const end = at + COUNTS + boundsOf(tag).length + 1;
    const counts = [...cells.subarray(at + COUNTS, end)];
    const count = counts.reduce((total, inBucket) => total + inBucket, 0);
    const [sum = 0, lost = 0, min = 0, max = 0] = cells.subarray(at, at + COUNTS);
    if (count > 0) histograms.push({ tag, counts, count, sum: sum + lost, min, max });
    at = end;
  }
  return histograms;
}

/** Number of bounds below a value: bounds belong to the bucket below them. */
function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (bounds[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
