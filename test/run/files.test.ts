import { expect, test } from 'vitest';
import { fileNames } from '../../src/run/files.js';

const fixed = {
  ...{ log: 'logs/aiperf.log', inputs: 'inputs.json', config: 'run_config.json', spool: 'spool' },
  ...{ telemetrySpool: 'telemetry', mlflowExport: 'mlflow_export.json' },
  ...{ page: 'report.html', phaseManifest: 'phase_manifest.json', ready: '.aiperf_results_ready.json' },
  warmupCsv: 'phases/warmup/profile_export_aiperf.csv',
  warmupJson: 'phases/warmup/profile_export_aiperf.json',
  profilingCsv: 'phases/profiling/profile_export_aiperf.csv',
  profilingJson: 'phases/profiling/profile_export_aiperf.json',
  warmupServerMetrics: 'phases/warmup/server_metrics.json',
  profilingServerMetrics: 'phases/profiling/server_metrics.json',
};

test('names without a prefix', () => {
  expect(fileNames(undefined)).toEqual({
    ...fixed,
    networkLatency: 'profile_export_network_latency.jsonl',
    gpu: 'gpu_telemetry_export.jsonl',
    ...{ outputs: 'outputs.json', unsortedOutputs: 'outputs.json.part' },
    records: 'profile_export.jsonl',
    raw: 'profile_export_raw.jsonl',
    warmup: 'profile_export_warmup.jsonl',
    series: 'profile_export_series.jsonl',
    json: 'profile_export_aiperf.json',
    csv: 'profile_export_aiperf.csv',
    console: 'profile_export_console.txt',
    serverMetricsJson: 'server_metrics_export.json',
    serverMetricsCsv: 'server_metrics_export.csv',
    serverMetricsJsonl: 'server_metrics_export.jsonl',
    serverMetricsParquet: 'server_metrics_export.parquet',
    timeslicesCsv: 'profile_export_aiperf_timeslices.csv',
    timeslicesJson: 'profile_export_aiperf_timeslices.json',
    offeredCsv: 'profile_export_aiperf_offered_load.csv',
  });
});

test.each(['foo', 'foo.json', 'foo_raw.jsonl'])('names with the prefix %s', (prefix) => {
  expect(fileNames(prefix)).toEqual({
    ...fixed,
    networkLatency: 'foo_network_latency.jsonl',
    gpu: 'foo_gpu_telemetry.jsonl',
    ...{ outputs: 'foo_outputs.json', unsortedOutputs: 'foo_outputs.json.part' },
    records: 'foo.jsonl',
    raw: 'foo_raw.jsonl',
    warmup: 'foo_warmup.jsonl',
    series: 'foo_series.jsonl',
    json: 'foo.json',
    csv: 'foo.csv',
    console: 'foo_console.txt',
    serverMetricsJson: 'foo_server_metrics.json',
    serverMetricsCsv: 'foo_server_metrics.csv',
    serverMetricsJsonl: 'foo_server_metrics.jsonl',
    serverMetricsParquet: 'foo_server_metrics.parquet',
    timeslicesCsv: 'foo_timeslices.csv',
    timeslicesJson: 'foo_timeslices.json',
    offeredCsv: 'foo_offered_load.csv',
  });
});
