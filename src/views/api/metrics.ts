import type { Snapshot } from '../../collect/snapshot.js';
import type { MetricResult } from '../../metrics/results.js';
import { findMetric } from '../../metrics/table.js';
import type { Printable } from '../../util/python-json.js';
import type { WatchedRun } from '../messages.js';
import { gpuFigures, loadFamilies, serverFigures } from './current-figures.js';
import { expositionText } from './exposition.js';
import { type Family, familiesOf, type MetricFigures } from './families.js';
import { shardFamilies } from './shards.js';

/** `/api/metrics`: the metrics so far, by tag. */
export function metricsBody(run: WatchedRun, snapshots: readonly Snapshot[]): Printable {
  return {
    aiperf_version: run.version,
    benchmark_id: run.benchmarkId,
    model: modelsOf(run),
    endpoint_type: run.endpointType,
    streaming: run.streaming,
    concurrency: run.concurrency ?? null,
    request_rate: run.requestRate ?? null,
    metrics: Object.fromEntries(
      liveMetrics(snapshots).map(({ tag, ...figures }) => [tag, metricBody(figures)]),
    ),
  };
}

/** A metric as a member of an answer. */
export function metricBody({ unit, statistics, header }: Omit<MetricFigures, 'tag'>) {
  return { unit, ...statistics, header };
}

/** `/metrics`. */
export function metricsText(run: WatchedRun, snapshots: readonly Snapshot[]): string {
  const labels = {
    benchmark_id: run.benchmarkId,
    model: modelsOf(run),
    endpoint_type: run.endpointType,
    streaming: String(run.streaming),
    ...(run.concurrency === undefined ? {} : { concurrency: String(run.concurrency) }),
    ...(run.requestRate === undefined ? {} : { request_rate: String(run.requestRate) }),
  };
  const info: Family = {
    ...{ name: 'aiperf_info', help: 'AIPerf benchmark information', kind: 'gauge' },
    samples: [{ labels: { version: run.version }, value: 1 }],
  };
  const families = [
    info,
    ...liveMetrics(snapshots).flatMap(familiesOf),
    ...gpuFigures(snapshots.at(-1)?.telemetry?.gpus ?? []).flatMap(familiesOf),
    ...snapshots.flatMap(loadFamilies),
    ...shardFamilies(snapshots.at(-1)),
  ];
  return expositionText(families, labels);
}

/** Metrics of the measured phase so far, as the console's tables have them, and what the servers report now. */
export function liveMetrics(snapshots: readonly Snapshot[]): MetricFigures[] {
  const measured = snapshots.find(({ phase }) => phase === 'profiling');
  if (measured === undefined) return [];
  return [...measured.metrics.flatMap(figuresOf), ...serverFigures(measured.telemetry?.servers ?? [])];
}

/** None for a metric that is in files only, and for the times of HTTP: they would double the number of series. */
function figuresOf({ tag, unit, statistics }: MetricResult): MetricFigures[] {
  const metric = findMetric(tag);
  if (metric?.table === undefined || metric.table === 'http') return [];
  const isSingle = Object.keys(statistics).length === 1 && statistics.avg !== undefined;
  // As AIPerf counts a number of the whole run.
  const counted = isSingle ? { ...statistics, count: 1 } : statistics;
  return [{ tag, unit, header: metric.label, statistics: counted }];
}

function modelsOf({ models }: WatchedRun): string {
  return [...models].sort().join(',');
}
