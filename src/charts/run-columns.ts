import { Column, SortBuffer, type Sorted } from '../metrics/column.js';
import { cancelledOnPurpose } from '../metrics/measure.js';
import type { StoredRequest } from '../metrics/recall.js';
import type { SloResult } from '../metrics/slos.js';

/** An objective as charts draw it. */
export type Limit = Pick<SloResult, 'tag' | 'label' | 'unit' | 'limit' | 'largerIsBetter'>;

/** How a run is drawn. */
export interface RunView {
  readonly limits: readonly Limit[];
  /** Length of a slice, seconds; undefined: slices are not drawn. */
  readonly sliceSeconds: number | undefined;
}

/** What charts look at besides the metrics of the objectives. */
const drawnTags = [
  'time_to_first_token',
  'inter_token_latency',
  'request_latency',
  'input_sequence_length',
  'output_sequence_length',
] as const;

/** The requests of a finished run as columns: a row each, of some 70 bytes. Times are seconds since the first start. */
export class RunColumns implements RunView {
  readonly limits: readonly Limit[];
  readonly sliceSeconds: number | undefined;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #starts = new Column();
  readonly #ends = new Column();
  readonly #failed = new Column();
  #origin: bigint | undefined;
  #firstNs = Number.POSITIVE_INFINITY;
  #lastNs = Number.NEGATIVE_INFINITY;
  #length = 0;

  constructor({ limits, sliceSeconds }: RunView) {
    this.limits = limits;
    this.sliceSeconds = sliceSeconds;
    const tags = new Set([...drawnTags, ...limits.map(({ tag }) => tag)]);
    this.#columns = new Map([...tags].map((tag) => [tag, new Column()]));
  }

  /** Takes a request of the run proper. */
  add({ startNs, endNs, error, cancelled, dropped, values }: StoredRequest): void {
    this.#origin ??= startNs;
    const row = this.#length++;
    const start = Number(startNs - this.#origin);
    const latencyMs = values.get('request_latency');
    // The first versions of the file do not say when a request ended.
    const end =
      endNs === undefined
        ? start + (typeof latencyMs === 'number' ? latencyMs * 1e6 : 0)
        : Number(endNs - this.#origin);
    this.#starts.set(row, start);
    this.#ends.set(row, end);
    if (start < this.#firstNs) this.#firstNs = start;
    if (end > this.#lastNs) this.#lastNs = end;
    if (error !== undefined) {
      if (!cancelledOnPurpose({ failure: error, cancelled, dropped })) this.#failed.set(row, 1);
      return;
    }
    for (const [tag, column] of this.#columns) {
      const value = values.get(tag);
      if (typeof value === 'number') column.set(row, value);
    }
  }

  get length(): number {
    return this.#length;
  }

  get failedCount(): number {
    return this.#failed.count;
  }

  /** From the first start to the last end. */
  get seconds(): number {
    return this.#length === 0 ? 0 : (this.#lastNs - this.#firstNs) / 1e9;
  }

  startS(row: number): number {
    return (this.#starts.at(row) - this.#firstNs) / 1e9;
  }

  endS(row: number): number {
    return (this.#ends.at(row) - this.#firstNs) / 1e9;
  }

  isFailed(row: number): boolean {
    return this.#failed.at(row) === 1;
  }

  /** A metric's value in its display unit; NaN where the request has none, as failed ones. */
  value(tag: string, row: number): number {
    return this.#columns.get(tag)?.at(row) ?? Number.NaN;
  }

  /** Whether any request has such a value. */
  has(tag: string): boolean {
    return (this.#columns.get(tag)?.count ?? 0) > 0;
  }

  /** Its values in ascending order. */
  sorted(tag: string): Sorted {
    return this.#columns.get(tag)?.sorted(undefined, new SortBuffer()) ?? new Float64Array();
  }

  /** The objective for a metric; undefined where there is none. */
  limitOf(tag: string): Limit | undefined {
    return this.limits.find((limit) => limit.tag === tag);
  }

  /** Rows in the order of their starts. */
  byStart(): Uint32Array {
    return this.#ordered(this.#starts);
  }

  /** Rows in the order of their ends. */
  byEnd(): Uint32Array {
    return this.#ordered(this.#ends);
  }

  #ordered(column: Column): Uint32Array {
    const times = Float64Array.from({ length: this.#length }, (_, row) => column.at(row));
    const rows = Uint32Array.from({ length: this.#length }, (_, row) => row);
    return rows.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  }
}
