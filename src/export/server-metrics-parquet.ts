import { hostname } from 'node:os';
import { fileWriter, type KeyValue, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { grownValues } from '../metrics/server-statistics.js';
import type { SampleSpan } from '../metrics/server-windows.js';
import type { FamilyKind, ServerSeries } from '../telemetry/server-series.js';
import { epochMs, wallNs } from '../util/clock.js';
import { configurationMembers } from '../util/configuration.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { pythonFloat } from '../util/python-json.js';
import { withoutSecrets } from '../util/secrets.js';
import { freeNames } from './label-columns.js';
import { type ServerMetricsFacts, timestampNs, unitOf } from './server-metrics.js';

// Around the columns of labels.
const headColumns = [
  'endpoint_url',
  'metric_name',
  'metric_type',
  'unit',
  'description',
  'timestamp_ns',
] as const;
const valueColumns = ['value', 'sum', 'count', 'bucket_le', 'bucket_count'] as const;

// Rows in memory at a time.
const GROUP_ROWS = 50_000;

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

/** A value in a row; undefined is null. */
type Cell = string | number | bigint | undefined;

/**
 * Writes `server_metrics_export.parquet`: a row for each sample, of a histogram for each bucket of it. Counters and
 * histograms are growth since the reference. One group of 50,000 rows is in memory at a time.
 * @param path of the file, which is replaced. @throws the file system's error.
 */
export function writeParquet(
  path: string,
  facts: ServerMetricsFacts,
  { labels, metrics }: ParquetLayout,
  all: Iterable<ParquetSeries>,
): void {
  const names = [...labels].sort();
  const shown = freeNames(names.map(masked), [...headColumns, ...valueColumns]);
  const columns = [...headColumns, ...shown, ...valueColumns];
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [{ name: 'schema', num_children: columns.length }, ...columns.map(element)],
    kvMetadata: metadata(facts, shown, metrics),
    createdBy: `aiperf ${facts.version}`,
  });
  let group: Cell[][] = columns.map(() => []);
  const write = () => {
    const columnData = columns.map((name, i) => ({ name, data: group[i] ?? [] }));
    // Synchronous, because the file's writer is.
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = columns.map(() => []);
  };
  for (const one of all) {
    for (const row of rowsOf(one, names, facts)) {
      for (const [i, column] of group.entries()) column.push(row[i]);
      if (group[0]?.length === GROUP_ROWS) write();
    }
  }
  if (group[0]?.length !== 0) write();
  void writer.finish();
}

/** Rows of a series, in the order of the columns. The same array each time, with other content. */
function* rowsOf(
  { series, span }: ParquetSeries,
  labelNames: readonly string[],
  { origin }: ServerMetricsFacts,
): Generator<readonly Cell[]> {
  const { source, family, labels, bounds, scrapes, values } = series;
  // A page may have a label `constructor`, which all objects inherit.
  const labelOf = (name: string) => (Object.hasOwn(labels, name) ? masked(labels[name]) : undefined);
  const head = [source.url, family.name, family.kind, unitOf(family), family.help].map(masked);
  const row: Cell[] = [...head, 0n, ...labelNames.map(labelOf)];
  const place = (column: (typeof valueColumns)[number]) => row.length + valueColumns.indexOf(column);
  const [value, sum, count, bound, bucket] = valueColumns.map(place) as [
    number,
    number,
    number,
    number,
    number,
  ];
  row.push(undefined, undefined, undefined, undefined, undefined);
  const stamp = (sample: number) => {
    row[5] = timestampNs(source, scrapes[sample] ?? 0, origin);
  };
  if (family.kind === 'gauge' || family.kind === 'unknown') {
    for (let i = span.first; i < span.end; i++) {
      stamp(i);
      row[value] = values[i];
      yield row;
    }
    return;
  }
  const grown = Array.from({ length: Math.max(1, bounds.length + 2) }, (_, i) =>
    grownValues(series, i, span),
  );
  for (let i = span.first; i <= span.final; i++) {
    const since = i - span.reference;
    stamp(i);
    if (family.kind === 'counter') {
      row[value] = grown[0]?.[since];
      yield row;
      continue;
    }
    row[sum] = grown[bounds.length]?.[since];
    row[count] = grown[bounds.length + 1]?.[since];
    for (const [b, upper] of bounds.entries()) {
      row[bound] = upper;
      row[bucket] = grown[b]?.[since];
      yield row;
    }
  }
}

/** A page may show the keys that it was sent. */
function masked<Text extends string | undefined>(text: Text): Text {
  return (text === undefined ? text : withoutSecrets(text)) as Text;
}

const numberColumns: ReadonlySet<string> = new Set(['value', 'sum', 'count', 'bucket_count']);

function element(name: string, index: number): SchemaElement {
  const isOwn = index < headColumns.length || numberColumns.has(name);
  if (isOwn && name === 'timestamp_ns') return { name, type: 'INT64', repetition_type: 'OPTIONAL' };
  if (isOwn && numberColumns.has(name)) return { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' };
  return {
    ...{ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    ...{ converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  };
}

/** What AIPerf's file says of itself; what belongs to its language is `none`. */
function metadata(
  { version, benchmarkId, inputConfig, origin, sources, phases }: ServerMetricsFacts,
  labels: readonly string[],
  metrics: ParquetLayout['metrics'],
): KeyValue[] {
  const profiling = phases.find(({ name }) => name === 'profiling');
  const [fromNs, toNs] = [profiling?.fromNs ?? 0, profiling?.toNs ?? 0];
  const urls = sources.filter(({ sentNs }) => sentNs.length > 0).map(({ url }) => url);
  const { input_config } = configurationMembers('input_config', inputConfig);
  const members: Readonly<Record<string, string | undefined>> = {
    schema_version: '1.0',
    version,
    benchmark_id: benchmarkId,
    export_timestamp_utc: new Date(epochMs()).toISOString().replace('Z', '000+00:00'),
    exporter: 'ServerMetricsParquetExporter',
    hostname: hostname(),
    python_version: 'none',
    pyarrow_version: 'none',
    time_filter_start_ns: `${wallNs(origin, fromNs)}`,
    time_filter_end_ns: `${wallNs(origin, toNs)}`,
    profiling_duration_ns: `${Math.round(toNs - fromNs)}`,
    profiling_duration_seconds: pythonFloat(Math.round(toNs - fromNs) / 1e9),
    input_config: JSON.stringify(input_config),
    model_names: JSON.stringify(modelNames(input_config)),
    ...loadOf(input_config),
    endpoint_urls: JSON.stringify(urls.sort()),
    endpoint_count: `${urls.length}`,
    label_columns: JSON.stringify(labels),
    label_count: `${labels.length}`,
    metric_count: `${Object.values(metrics).reduce((sum, count) => sum + count, 0)}`,
    metric_type_counts: JSON.stringify(metrics),
    schema_note: 'Label columns vary by endpoint/model. Use union_by_name=true for cross-file queries.',
  };
  return Object.entries(members).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: `aiperf.${key}`, value: withoutSecrets(value) }],
  );
}

function modelNames({ models }: JsonObject): Json[] {
  const { items } = isObject(models) ? models : {};
  const names = (item: Json): readonly Json[] =>
    isObject(item) && item.name !== undefined ? [item.name] : [];
  return Array.isArray(items) ? items.flatMap(names) : [];
}

/** Concurrency and request rate of the profiling phase, as far as it has them. */
function loadOf({ phases }: JsonObject): Record<string, string | undefined> {
  const all = Array.isArray(phases) ? phases.filter(isObject) : [];
  const { concurrency, rate } = all.find(({ kind }) => kind === 'profiling') ?? {};
  const text = (value: Json | undefined) => (typeof value === 'number' ? `${value}` : undefined);
  return { concurrency: text(concurrency), request_rate: text(rate) };
}
