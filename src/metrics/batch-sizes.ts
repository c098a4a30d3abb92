import { Column, SortBuffer } from './column.js';
import { type Statistics, scaled, statisticsOf } from './statistics.js';

/** Latency of the requests with `from` to `to` items: texts to embed, or passages to rank. */
export interface BatchSizeRow {
  readonly from: number;
  readonly to: number;
  /** Request Latency of successful requests, ms. */
  readonly latency: Statistics;
  /** Items of these requests / the sum of their latencies in seconds. */
  readonly itemsPerSecond: number;
}

/** With more sizes, a row covers all from one power of two up to the next. */
const MOST_SIZES = 16;

/** Request latencies by the number of items in a request. */
export class BatchSizes {
  readonly #items = new Column();
  readonly #latenciesNs = new Column();
  readonly #sizes = new Set<number>();

  add(items: number, latencyNs: number): void {
    this.#sizes.add(items);
    const row = this.#items.count;
    this.#items.set(row, items);
    this.#latenciesNs.set(row, latencyNs);
  }

  /** By ascending size; empty where all requests have the same. */
  rows(): BatchSizeRow[] {
    if (this.#sizes.size < 2) return [];
    const groupOf = this.#sizes.size <= MOST_SIZES ? (size: number) => size : (size: number) => power(size);
    const groups = new Map<number, number[]>();
    for (let row = 0; row < this.#items.count; row++) {
      const group = groupOf(this.#items.at(row));
      const rows = groups.get(group);
      if (rows === undefined) groups.set(group, [row]);
      else rows.push(row);
    }
    const buffer = new SortBuffer();
    return [...groups]
      .sort(([a], [b]) => a - b)
      .flatMap(([group, places]) => {
        const rows = Int32Array.from(places);
        const latency = statisticsOf(this.#latenciesNs.sorted(rows, buffer));
        if (latency?.sum === undefined) return [];
        const sizes = [...this.#sizes].filter((size) => groupOf(size) === group);
        return {
          from: Math.min(...sizes),
          to: Math.max(...sizes),
          latency: scaled(latency, 1e-6),
          itemsPerSecond: (this.#items.total(rows) ?? 0) / (latency.sum * 1e-9),
        };
      });
  }
}

/** The largest power of two that is not above `size`. */
function power(size: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, size)));
}
