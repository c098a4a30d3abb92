import { hostname } from 'node:os';
import type { KeyValue } from 'hyparquet-writer';
import type { FamilyKind } from '../telemetry/server-series.js';
import { epochMs, wallNs } from '../util/clock.js';
import { configurationMembers } from '../util/configuration.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { pythonFloat } from '../util/python-json.js';
import { withoutSecrets } from '../util/secrets.js';
import type { ServerMetricsFacts } from './server-metrics.js';

/** What AIPerf's file says of itself; what belongs to its language is `none`. */
export function parquetFacts(
  { version, benchmarkId, inputConfig, origin, sources, phases }: ServerMetricsFacts,
  labels: readonly string[],
  metrics: Readonly<Record<FamilyKind, number>>,
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
