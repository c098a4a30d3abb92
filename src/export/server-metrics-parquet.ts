import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { grownValues } from '../metrics/server-statistics.js';
import type { SampleSpan } from '../metrics/server-windows.js';
import type { FamilyKind, ScrapedSource, ServerSeries } from '../telemetry/server-series.js';
import { withoutSecrets } from '../util/secrets.js';
import { freeNames } from './label-columns.js';
import { NULL, ParquetColumn } from './parquet-column.js';
import { DoubleDictionary, MapDictionary } from './parquet-dictionary.js';
import { type ServerMetricsFacts, timestampNs, unitOf } from './server-metrics.js';
import { parquetFacts } from './server-metrics-parquet-facts.js';

// Around the columns of labels.
const headNames = [
  'endpoint_url',
  'metric_name',
  'metric_type',
  'unit',
  'description',
  'timestamp_ns',
] as const;
const valueNames = ['value', 'sum', 'count', 'bucket_le', 'bucket_count'] as const;

/** Most rows of a row group, which is in memory until it is written. */
const GROUP_ROWS = 500_000;

/** What has to be known of all series before the first row. */
export interface ParquetLayout {
  /** Names of all labels. */
  readonly labels: ReadonlySet<string>;
  /** Number of metrics over all pages, by kind. */
  readonly metrics: Readonly<Record<FamilyKind, number>>;
}

/** A series with the samples that get rows. */
export interface ParquetSeries {
  readonly series: ServerSeries;
  readonly span: SampleSpan;
}

/**
 * Writes `server_metrics_export.parquet`: a row for each sample, of a histogram for each bucket of it. Counters and
 * histograms are growth since the reference. One row group is in memory at a time.
 * @param path of the file, which is replaced. @param groupRows most rows of a group. @throws the file system's error.
 */
export function writeParquet(
  path: string,
  facts: ServerMetricsFacts,
  layout: ParquetLayout,
  all: Iterable<ParquetSeries>,
  groupRows = GROUP_ROWS,
): void {
  const rows = new ServerMetricsRows(path, facts, layout, groupRows);
  for (const one of all) rows.add(one);
  rows.finish();
}

type TextColumn = ParquetColumn<string>;

const textColumn = (name: string): TextColumn =>
  new ParquetColumn(
    {
      ...{ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      ...{ converted_type: 'UTF8', logical_type: { type: 'STRING' } },
    },
    new MapDictionary(),
  );

const numberColumn = (name: string): ParquetColumn<number> =>
  new ParquetColumn({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }, new DoubleDictionary());

/** The rows of the file, written group by group. */
class ServerMetricsRows {
  readonly #facts: ServerMetricsFacts;
  readonly #groupRows: number;
  readonly #labels: readonly string[];
  /** The same in all rows of a series: what comes before the time, and labels. */
  readonly #texts: readonly TextColumn[];
  readonly #time = new ParquetColumn(
    { name: 'timestamp_ns', type: 'INT64', repetition_type: 'OPTIONAL' },
    new MapDictionary<bigint>(),
  );
  readonly #value = numberColumn('value');
  readonly #sum = numberColumn('sum');
  readonly #count = numberColumn('count');
  readonly #bound = textColumn('bucket_le');
  readonly #bucket = numberColumn('bucket_count');
  readonly #columns: readonly Pick<TextColumn, 'element' | 'write'>[];
  readonly #file: ParquetWriter;
  #rows = 0;
  /** Of the current series: its texts, the columns that it has no values for, and its rows in this group. */
  #current: readonly (string | undefined)[] = [];
  #empty: readonly Pick<TextColumn, 'add'>[] = [];
  #rowsOfCurrent = 0;
  /** Numbers of the times of a source in this group, by scrape; `NULL`: it has none yet. */
  #times = new Int32Array(0);
  #source: ScrapedSource | undefined;

  constructor(
    path: string,
    facts: ServerMetricsFacts,
    { labels, metrics }: ParquetLayout,
    groupRows: number,
  ) {
    this.#facts = facts;
    this.#groupRows = groupRows;
    this.#labels = [...labels].sort();
    const shown = freeNames(this.#labels.map(masked), [...headNames, ...valueNames]);
    const heads = headNames.slice(0, -1).map(textColumn);
    const labelColumns = shown.map(textColumn);
    this.#texts = [...heads, ...labelColumns];
    this.#columns = [
      ...[...heads, this.#time, ...labelColumns],
      ...[this.#value, this.#sum, this.#count, this.#bound, this.#bucket],
    ];
    this.#file = new ParquetWriter({
      writer: fileWriter(path),
      schema: [
        { name: 'schema', num_children: this.#columns.length },
        ...this.#columns.map(({ element }) => element),
      ],
      kvMetadata: parquetFacts(facts, shown, metrics),
      createdBy: `aiperf ${facts.version}`,
    });
  }

  add({ series, span }: ParquetSeries): void {
    const { source, family, labels } = series;
    // A page may have a label `constructor`, which all objects inherit.
    const labelOf = (name: string) => (Object.hasOwn(labels, name) ? masked(labels[name]) : undefined);
    const head = [source.url, family.name, family.kind, unitOf(family), family.help].map(masked);
    this.#current = [...head, ...this.#labels.map(labelOf)];
    this.#empty =
      family.kind === 'histogram' ? [this.#value] : [this.#sum, this.#count, this.#bound, this.#bucket];
    if (source !== this.#source) {
      this.#source = source;
      this.#times = new Int32Array(source.sentNs.length).fill(NULL);
    }
    if (family.kind === 'histogram') this.#addHistogram(series, span);
    else if (family.kind === 'counter')
      this.#addValues(series, span.reference, grownValues(series, 0, span), span);
    else this.#addValues(series, 0, series.values, { first: span.first, final: span.end - 1 });
    this.#endSeries();
  }

  finish(): void {
    if (this.#rows > 0) this.#writeGroup();
    // Synchronous, because the file's writer is.
    void this.#file.finish();
  }

  /** Adds a row for each sample from the first to the final one. @param base sample that the first of the values is of. */
  #addValues(
    { scrapes }: ServerSeries,
    base: number,
    values: Float64Array,
    { first, final }: Pick<SampleSpan, 'first' | 'final'>,
  ): void {
    for (let i = first; i <= final; i++) {
      this.#beginSample(scrapes[i] as number, 1);
      this.#value.addValue(values[i - base], 1);
    }
  }

  #addHistogram(series: ServerSeries, span: SampleSpan): void {
    const { bounds, scrapes } = series;
    const [sums, counts] = [bounds.length, bounds.length + 1].map((place) =>
      grownValues(series, place, span),
    );
    const buckets = bounds.map((_, place) => grownValues(series, place, span));
    const [first = new Float64Array(0)] = buckets;
    const boundNumbers = new Int32Array(bounds.length);
    const numbers = new Int32Array(bounds.length);
    let isNew = true;
    for (let i = span.first; i <= span.final; i++) {
      const at = i - span.reference;
      if (this.#beginSample(scrapes[i] as number, bounds.length)) isNew = true;
      this.#sum.addValue(sums?.[at], bounds.length);
      this.#count.addValue(counts?.[at], bounds.length);
      for (let b = 0; b < bounds.length; b++) {
        const bucket = buckets[b] ?? first;
        // Most buckets rest from one scrape to the next.
        if (isNew || bucket[at] !== bucket[at - 1]) {
          numbers[b] = this.#bucket.dictionary.numberOf(bucket[at] as number);
          if (isNew) boundNumbers[b] = this.#bound.dictionary.numberOf(bounds[b] as string);
        }
        this.#bucket.add(numbers[b] as number, 1);
        this.#bound.add(boundNumbers[b] as number, 1);
      }
      isNew = false;
    }
  }

  /** Begins the rows of a sample, if need be in a new group. @returns whether the group is new. */
  #beginSample(scrape: number, rows: number): boolean {
    const isFull = this.#rows > 0 && this.#rows + rows > this.#groupRows;
    if (isFull) this.#writeGroup();
    if (this.#times[scrape] === NULL && this.#source !== undefined) {
      const atNs = timestampNs(this.#source, scrape, this.#facts.origin);
      this.#times[scrape] = this.#time.dictionary.numberOf(atNs);
    }
    this.#time.add(this.#times[scrape] as number, rows);
    this.#rows += rows;
    this.#rowsOfCurrent += rows;
    return isFull;
  }

  /** Adds what all rows of the series have. */
  #endSeries(): void {
    if (this.#rowsOfCurrent === 0) return;
    for (const column of this.#empty) column.add(NULL, this.#rowsOfCurrent);
    for (const [i, column] of this.#texts.entries()) column.addValue(this.#current[i], this.#rowsOfCurrent);
    this.#rowsOfCurrent = 0;
  }

  #writeGroup(): void {
    this.#endSeries();
    const { writer, row_groups: groups } = this.#file;
    const start = writer.offset;
    const columns = this.#columns.map((column) => column.write(writer, this.#rows));
    const bytes = columns.reduce(
      (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
      0n,
    );
    groups.push({
      ...{ columns, total_byte_size: bytes, num_rows: BigInt(this.#rows) },
      total_compressed_size: BigInt(writer.offset - start),
    });
    this.#file.num_rows += BigInt(this.#rows);
    this.#rows = 0;
    this.#times.fill(NULL);
  }
}

/** A page may show the keys that it was sent. */
function masked<Text extends string | undefined>(text: Text): Text {
  return (text === undefined ? text : withoutSecrets(text)) as Text;
}
