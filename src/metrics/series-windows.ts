import type { TimeSeries } from '../telemetry/time-series.js';
import type { Window } from './request-table.js';
import { type Statistics, statisticsOf } from './statistics.js';

/** Statistics of the values that a gauge had within a window, all of one weight; undefined where it had none. */
export function gaugeWithin({ times, values }: TimeSeries, { fromNs, toNs }: Window): Statistics | undefined {
  return statisticsOf(values.slice(firstFrom(times, fromNs), firstFrom(times, toNs)).sort());
}

/** The mean of those values; undefined where it had none. */
export function meanWithin({ times, values }: TimeSeries, { fromNs, toNs }: Window): number | undefined {
  const [from, to] = [firstFrom(times, fromNs), firstFrom(times, toNs)];
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return from === to ? undefined : sum / (to - from);
}

/** How far a counter grew. */
export interface Growth {
  readonly total: number;
  /** For each second of the window that its values cover. */
  readonly rate: number;
}

/**
 * How far a counter grew within a window, evenly between two of its values: windows that meet add up. A value below the
 * one before is growth from 0: the counter was reset. Undefined where no two values are around any of the window.
 */
export function growthWithin({ times, values }: TimeSeries, { fromNs, toNs }: Window): Growth | undefined {
  let total = 0;
  let coveredNs = 0;
  for (let i = Math.max(1, firstFrom(times, fromNs)); i < times.length; i++) {
    const [startNs, endNs] = [times[i - 1] ?? 0, times[i] ?? 0];
    const insideNs = Math.min(endNs, toNs) - Math.max(startNs, fromNs);
    if (insideNs <= 0) {
      if (startNs >= toNs) break;
      continue;
    }
    const [before, after] = [values[i - 1] ?? 0, values[i] ?? 0];
    total += (after < before ? after : after - before) * (insideNs / (endNs - startNs));
    coveredNs += insideNs;
  }
  return coveredNs === 0 ? undefined : { total, rate: total / (coveredNs / 1e9) };
}

/** Index of the first time at or after one. */
function firstFrom(times: Float64Array, atNs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < atNs) low = middle + 1;
    else high = middle;
  }
  return low;
}
