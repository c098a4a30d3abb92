import type { Outcome } from '../records/failure.js';
import type { ClockOrigin } from '../util/clock.js';
import {
  buffersOf,
  Column,
  type ColumnData,
  ListColumn,
  type ListColumnData,
  type Rows,
  SortBuffer,
  type Sorted,
} from './column.js';
import { comparisonsIn, type Filter, passes } from './filter.js';
import { cancelledOnPurpose } from './measure.js';
import type {
  CountMetric,
  ListMetric,
  Metric,
  RecomputableMetric,
  RecordMetric,
  RequestFacts,
} from './metric.js';
import { requestLatency } from './request-metrics.js';
import { SessionRows, type SessionRowsData } from './session-rows.js';

/** A stretch of the run, ns since the clock's origin; the end itself belongs to the next one. */
export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Values of one record in display units, in table order: a number, or a list of numbers. */
export type RecordMetrics = readonly (readonly [tag: string, value: number | Float64Array])[];

/** `dropped`: failed because the run ended. */
type Ending = Outcome | 'dropped';

const endings: readonly Ending[] = ['succeeded', 'failed', 'cancelled', 'dropped'];

/** A metric that has a number for each request. */
export type NumberMetric = RecordMetric | RecomputableMetric | CountMetric;

/** A number or a list of a request that is in no metric row: its name, and its unit in the file that it comes from. */
export type OtherValue = readonly [name: string, value: number | bigint | Float64Array, unit: string];

/** A column as users name it: a metric's, or another one. */
export interface NamedColumn {
  /** Unit of the values times `factor`. */
  readonly unit: string;
  readonly factor: number;
  /** Added to each value; undefined: nothing. */
  readonly base: bigint | undefined;
  readonly values: Column | ListColumn;
}

/** A table on its way to another thread: plain data. */
export interface TableMessage {
  readonly origin: ClockOrigin;
  readonly networkRttNs: number | undefined;
  readonly length: number;
  readonly extent: Window;
  /** Tags of all metrics, in table order. */
  readonly tags: readonly string[];
  /** By tag. */
  readonly numbers: ReadonlyMap<string, ColumnData>;
  readonly lists: ReadonlyMap<string, ListColumnData>;
  readonly starts: ColumnData;
  readonly ends: ColumnData;
  readonly outcomes: ColumnData;
  readonly shards: ColumnData;
  readonly sessionRows: SessionRowsData;
}

/** A row for each request and a column for each metric: results can be had over any selection of rows. */
export class RequestTable {
  /** In table order. */
  readonly metrics: readonly Metric[];
  /** What times count from. */
  readonly origin: ClockOrigin;
  /** Mean round-trip time to the servers; undefined if it is not known. */
  networkRttNs: number | undefined;
  /** Gets each value of each request that is added, in the metric's own unit. */
  onValue: ((metric: NumberMetric | ListMetric, value: number | Float64Array) => void) | undefined;
  readonly #ofValid: readonly Metric[];
  readonly #ofFailed: readonly Metric[];
  readonly #numbers = new Map<Metric, Column>();
  readonly #lists = new Map<ListMetric, ListColumn>();
  readonly #others = new Map<string, NamedColumn>();
  readonly #starts: Column;
  readonly #ends: Column;
  /** Places in `endings`. */
  readonly #outcomes: Column;
  readonly #shards: Column;
  /** Which session each request belongs to. */
  readonly sessionRows: SessionRows;
  readonly #buffer = new SortBuffer();
  #length: number;
  #firstStartNs: number;
  #lastEndNs: number;

  /** @param sent columns of a table of the same metrics in another thread; absent: no requests yet. */
  constructor(metrics: readonly Metric[], origin: ClockOrigin, sent?: TableMessage) {
    this.metrics = metrics;
    this.#starts = new Column(sent?.starts);
    this.#ends = new Column(sent?.ends);
    this.#outcomes = new Column(sent?.outcomes);
    this.#shards = new Column(sent?.shards);
    this.sessionRows = new SessionRows(sent?.sessionRows);
    this.#length = sent?.length ?? 0;
    this.#firstStartNs = sent?.extent.fromNs ?? Number.POSITIVE_INFINITY;
    this.#lastEndNs = sent?.extent.toNs ?? Number.NEGATIVE_INFINITY;
    this.origin = origin;
    this.networkRttNs = sent?.networkRttNs;
    this.#ofValid = metrics.filter((metric) => isOf(metric, 'valid'));
    this.#ofFailed = metrics.filter((metric) => isOf(metric, 'failed'));
    for (const metric of metrics) {
      const { kind, tag } = metric;
      if (kind === 'record' || kind === 'count')
        this.#numbers.set(metric, new Column(sent?.numbers.get(tag)));
      else if (kind === 'list') this.#lists.set(metric, new ListColumn(sent?.lists.get(tag)));
    }
  }

  get length(): number {
    return this.#length;
  }

  /** First start and last end of all requests; infinite without requests. */
  get extent(): Window {
    return { fromNs: this.#firstStartNs, toNs: this.#lastEndNs };
  }

  /** When a request was sent, ns since the clock's origin. */
  startNs(row: number): number {
    return this.#starts.at(row);
  }

  /** When its response ended, or it failed. */
  endNs(row: number): number {
    return this.#ends.at(row);
  }

  /** Number of the shard that sent it; undefined: it was sent by the only machine. */
  shard(row: number): number | undefined {
    const shard = this.#shards.at(row);
    return Number.isNaN(shard) ? undefined : shard;
  }

  outcome(row: number): Outcome {
    const ending = this.#ending(row);
    return ending === 'dropped' ? 'failed' : ending;
  }

  /** It was in flight when the run ended, and failed for that alone. */
  isDropped(row: number): boolean {
    return this.#ending(row) === 'dropped';
  }

  /** A metric's values in its own unit; undefined for one that the run does not have. */
  column(metric: NumberMetric): Column | undefined {
    return this.#numbers.get(metric);
  }

  list(metric: ListMetric): ListColumn | undefined {
    return this.#lists.get(metric);
  }

  /** A column by its tag, or by the name of another value; undefined where no request has one. */
  named(name: string): NamedColumn | undefined {
    const metric = this.metrics.find(({ tag }) => tag === name);
    const values = metric?.kind === 'list' ? this.#lists.get(metric) : metric && this.#numbers.get(metric);
    if (metric === undefined || values === undefined) return this.#others.get(name);
    const { displayUnit: unit, factor } = metric;
    return values.count === 0 ? undefined : { unit, factor, base: undefined, values };
  }

  /**
   * @param values gets the values for the per-record file.
   * @param others values that no metric of this table has; one name has one unit.
   */
  add(facts: RequestFacts, values?: [string, number | Float64Array][], others?: Iterable<OtherValue>): void {
    const { startNs } = facts;
    const latencyNs = facts.value(requestLatency);
    // The first versions of the file do not have the end of a request.
    const endNs = Number.isNaN(facts.endNs) ? startNs + (latencyNs ?? 0) : facts.endNs;
    const isValid = facts.failure === undefined;
    const row = this.#addRow(startNs, endNs, endingOf(facts));
    if (facts.place !== undefined) this.sessionRows.add(row, facts.place);
    if (facts.shard !== undefined) this.#shards.set(row, facts.shard);
    for (const metric of isValid ? this.#ofValid : this.#ofFailed) {
      if (metric.kind === 'list') {
        const list = facts.list(metric);
        if (list === undefined) continue;
        this.#lists.get(metric)?.set(row, list);
        this.onValue?.(metric, list);
        values?.push([metric.tag, list.map((value) => value * metric.factor)]);
      } else if (metric.kind === 'count' || metric.kind === 'record') {
        const value =
          metric.kind === 'record' && !metric.recomputable ? facts.value(metric) : metric.compute(facts);
        if (value === undefined || Number.isNaN(value)) continue;
        this.#numbers.get(metric)?.set(row, value);
        this.onValue?.(metric, value);
        if (metric.kind === 'record' || metric.inRecords) values?.push([metric.tag, value * metric.factor]);
      }
    }
    for (const [name, value, unit] of others ?? []) this.#setOther(row, name, value, unit);
  }

  /** Rows of the requests that meet a condition. */
  where(filter: Filter): Int32Array {
    const names = comparisonsIn(filter).map(({ name }) => name);
    const readers = new Map(names.map((name) => [name, readerOf(this.named(name))]));
    let row = 0;
    const numberNamed = (name: string) => readers.get(name)?.(row);
    const found = new Int32Array(this.#length);
    let count = 0;
    for (; row < this.#length; row++) if (passes(filter, numberNamed)) found[count++] = row;
    return found.slice(0, count);
  }

  /** A table of these requests alone. */
  only(rows: Int32Array): RequestTable {
    const table = new RequestTable(this.metrics, this.origin);
    table.networkRttNs = this.networkRttNs;
    for (const row of rows) {
      const to = table.#addRow(this.startNs(row), this.endNs(row), this.#ending(row));
      for (const [metric, column] of this.#numbers) copy(column, row, table.#numbers.get(metric), to);
      for (const [metric, list] of this.#lists) copyList(list, row, table.#lists.get(metric), to);
      copy(this.#shards, row, table.#shards, to);
      table.sessionRows.copy(this.sessionRows, row, to);
    }
    return table;
  }

  /** Whether any request has a number of this name. */
  hasNumber(name: string): boolean {
    return this.named(name)?.values instanceof Column;
  }

  /** Values in ascending order, in the column's own unit; they hold until the next call. */
  sorted(of: NumberMetric | ListMetric | NamedColumn, rows: Rows): Sorted {
    const column =
      'values' in of ? of.values : of.kind === 'list' ? this.#lists.get(of) : this.#numbers.get(of);
    return column?.sorted(rows, this.#buffer) ?? none;
  }

  /**
   * The table for another thread, and its memory, which is moved there: nothing is copied, gaps between chunks
   * included, and this table must not be used any more. Values of other names stay behind.
   */
  toMessage(): { readonly message: TableMessage; readonly transfer: ArrayBuffer[] } {
    const message: TableMessage = {
      ...{ origin: this.origin, networkRttNs: this.networkRttNs, length: this.#length, extent: this.extent },
      tags: this.metrics.map(({ tag }) => tag),
      numbers: new Map([...this.#numbers].map(([{ tag }, column]) => [tag, column.data])),
      lists: new Map([...this.#lists].map(([{ tag }, list]) => [tag, list.data])),
      ...{ starts: this.#starts.data, ends: this.#ends.data, outcomes: this.#outcomes.data },
      shards: this.#shards.data,
      sessionRows: this.sessionRows.data,
    };
    const { numbers, lists, starts, ends, outcomes, shards, sessionRows } = message;
    const columns = [
      ...numbers.values(),
      ...[...lists.values()].flatMap(Object.values),
      starts,
      ends,
      outcomes,
      shards,
      ...sessionRows.numbers,
      ...Object.values(sessionRows.waits),
    ];
    return { message, transfer: columns.flatMap(buffersOf) };
  }

  /** The table of a message. @param metricOf the row of a tag. */
  static fromMessage(message: TableMessage, metricOf: (tag: string) => Metric): RequestTable {
    return new RequestTable(message.tags.map(metricOf), message.origin, message);
  }

  #ending(row: number): Ending {
    return endings[this.#outcomes.at(row)] ?? 'succeeded';
  }

  #addRow(startNs: number, endNs: number, ending: Ending): number {
    const row = this.#length++;
    this.#starts.set(row, startNs);
    this.#ends.set(row, endNs);
    this.#outcomes.set(row, endings.indexOf(ending));
    if (startNs < this.#firstStartNs) this.#firstStartNs = startNs;
    if (endNs > this.#lastEndNs) this.#lastEndNs = endNs;
    return row;
  }

  #setOther(row: number, name: string, value: number | bigint | Float64Array, unit: string): void {
    let other = this.#others.get(name);
    if (other === undefined) {
      const base = typeof value === 'bigint' ? value : undefined;
      other = { unit, factor: 1, base, values: typeof value === 'object' ? new ListColumn() : new Column() };
      this.#others.set(name, other);
    }
    const { values, base } = other;
    if (values instanceof ListColumn) {
      if (typeof value === 'object') values.set(row, value);
    } else if (typeof value !== 'object') {
      values.set(row, base === undefined ? Number(value) : Number(BigInt(value) - base));
    }
  }
}

const none = new Float64Array();

/** What reads a column's numbers in the unit that users see. */
function readerOf(column: NamedColumn | undefined): (row: number) => number | bigint | undefined {
  if (column === undefined || column.values instanceof ListColumn) return () => undefined;
  const { values, factor, base } = column;
  return (row) => {
    const value = values.at(row);
    if (Number.isNaN(value)) return undefined;
    return base === undefined ? value * factor : base + BigInt(value);
  };
}

function copy(from: Column, row: number, to: Column | undefined, toRow: number): void {
  const value = from.at(row);
  if (!Number.isNaN(value)) to?.set(toRow, value);
}

function copyList(from: ListColumn, row: number, to: ListColumn | undefined, toRow: number): void {
  const values = from.at(row);
  if (values.length > 0) to?.set(toRow, values);
}

function isOf(metric: Metric, whom: 'valid' | 'failed'): boolean {
  if (metric.kind === 'list') return whom === 'valid';
  return (metric.kind === 'record' || metric.kind === 'count') && metric.appliesTo === whom;
}

function endingOf(facts: RequestFacts): Ending {
  if (facts.failure === undefined) return 'succeeded';
  if (cancelledOnPurpose(facts)) return 'cancelled';
  return facts.dropped ? 'dropped' : 'failed';
}
