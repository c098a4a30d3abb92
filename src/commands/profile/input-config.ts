import { withScheme } from '../../config/base-url.js';
import { gpuSources, localCollectors } from '../../config/gpu-options.js';
import { loadMode } from '../../config/load-mode.js';
import type { Config } from '../../config/options.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { endpoints } from '../../endpoint/endpoints.js';
import { redactedHeaders } from '../../endpoint/headers.js';
import type { Issuing, PhasePlan } from '../../load/plan.js';
import type { RampedLimit } from '../../schedule/ramp.js';
import { ownKey } from '../../util/configuration.js';
import type { JsonObject } from '../../util/json.js';
import { jsonWithoutSecrets, redacted, withoutSecrets } from '../../util/secrets.js';
import { slosOf } from '../slos.js';
import { datasetConfig, publicSourceConfig } from './dataset-config.js';
import { nonEmpty, optional, unless } from './json-members.js';
import type { PreparedRun } from './prepare.js';
import { metricsPage } from './telemetry-plan.js';

/**
 * The resolved configuration as the files echo it, secrets masked. Keys and values are those of AIPerf's own model,
 * which refuses any other; what it has no word for is one level below, under our own key.
 */
export function inputConfig(config: Config, prepared: PreparedRun, artifactDir: string): JsonObject {
  const { load } = prepared;
  const endpoint: Endpoint = endpoints[config.endpointType];
  return {
    models: {
      ...unless('round_robin', 'strategy', config.modelSelectionStrategy),
      items: config.models.map((name) => ({ name })),
    },
    endpoint: endpointConfig(config, endpoint, load.body.streaming),
    datasets: [datasetConfig(config, load.dataset, prepared.datasetSize)],
    phases: prepared.load.phases.map((phase) => phaseConfig(config, phase)),
    artifacts: artifactsConfig(config, artifactDir),
    ...optional(
      'slos',
      nonEmpty(Object.fromEntries(slosOf(config.goodput).map(({ tag, limit }) => [tag, limit]))),
    ),
    tokenizer: endpoint.takesText === false ? {} : tokenizerConfig(config),
    gpu_telemetry: gpuTelemetryConfig(config),
    server_metrics: serverMetricsConfig(config),
    network_latency: {
      enabled: config.networkLatencyAutomatic,
      ...optional('mean', config.networkLatencyMean),
    },
    otel: {},
    mlflow: {},
    wandb: {},
    runtime: {
      ...{ ...optional('ui', config.uiType), workers: prepared.threads },
      ...optional('api_port', config.apiPort),
      ...unless('127.0.0.1', 'api_host', config.apiHost),
      ...optional('stats_interval', config.statsInterval),
    },
    ...(config.logLevel === 'INFO' ? {} : { logging: { level: config.logLevel } }),
    ...optional(
      ownKey,
      nonEmpty({
        ...optional('num_gpus', config.numGpus),
        ...unless('http', 'transport', config.transport),
        ...unless('marked', 'stream_end', config.streamEnd),
        ...optional('isl_as_token_ids', config.islAsTokenIds || undefined),
        ...optional('public_dataset', publicSourceConfig(config, load.dataset)),
      }),
    ),
  };
}

function tokenizerConfig(config: Config): JsonObject {
  return {
    name: config.tokenizer ?? config.models[0] ?? '',
    ...unless('main', 'revision', config.tokenizerRevision),
    ...optional('apply_chat_template', config.applyChatTemplate || undefined),
  };
}

function endpointConfig(config: Config, { encode }: Endpoint, streaming: boolean): JsonObject {
  return {
    urls: config.urls.map((url) => withoutSecrets(withScheme(url))),
    type: config.endpointType,
    ...optional('path', config.customEndpoint),
    ...optional('api_key', config.apiKey && redacted),
    ...unless(21_600, 'timeout', config.requestTimeoutSeconds),
    ...optional('streaming', streaming || undefined),
    ...unless('pooled', 'connection_reuse', config.connectionReuseStrategy),
    ...optional('use_legacy_max_tokens', config.useLegacyMaxTokens || undefined),
    ...optional('use_server_token_count', config.useServerTokenCount || undefined),
    ...optional('per_chunk_usage', config.perChunkUsage || undefined),
    ...optional('headers', nonEmpty(redactedHeaders(Object.entries(config.headers).flat()))),
    ...optional('extra', nonEmpty(jsonWithoutSecrets(config.extraInputs))),
    ...optional('request_content_type', encode && 'multipart/form-data'),
    ...optional('download_video_content', config.downloadVideoContent || undefined),
    ...optional('request_content_type', config.requestContentType),
    ...optional('uuid_and_strip', config.uuidAndStrip || undefined),
    ...unless('X-Correlation-ID', 'session_header', config.sessionHeader),
    ...(config.waitForModelTimeout > 0
      ? {
          wait_for_model_timeout: config.waitForModelTimeout,
          ...unless('inference', 'wait_for_model_mode', config.waitForModelMode),
          ...unless(5, 'wait_for_model_interval', config.waitForModelInterval),
        }
      : {}),
    ...(config.resetKvCache ? { reset_kv_cache: { enabled: true } } : {}),
    ...(config.serverProfiler ? { server_profiler: { enabled: true } } : {}),
  };
}

function phaseConfig(config: Config, plan: PhasePlan): JsonObject {
  const { name, issuing, requestLimit, sessionLimit, durationNs, graceNs, prefill, cancellation } = plan;
  const { expectedRequests, concurrency, failureLimit } = plan;
  const bounded = Number.isFinite(durationNs);
  const ceiling = issuing.kind === 'closed-loop' ? issuing.concurrency : issuing.ceiling;
  // Of a schedule, the rows are what ends it.
  const requests = (issuing.kind === 'fixed-schedule' ? expectedRequests : undefined) ?? finite(requestLimit);
  return {
    name,
    kind: name,
    type: phaseType(issuing),
    ...optional('exclude_from_results', name === 'warmup' || undefined),
    ...optional('requests', requests),
    ...optional('duration', bounded ? durationNs / 1e9 : undefined),
    ...optional('sessions', finite(sessionLimit)),
    ...optional('concurrency', concurrency),
    ...optional('concurrency_ramp', ramp(ceiling?.rampNs)),
    ...optional('prefill_concurrency', prefill?.limit),
    ...optional('prefill_ramp', ramp(prefill?.rampNs)),
    ...optional('grace_period', bounded && Number.isFinite(graceNs) ? graceNs / 1e9 : undefined),
    ...(cancellation
      ? { cancellation: { rate: cancellation.percent, delay: cancellation.delayNs / 1e9 } }
      : {}),
    ...rateConfig(issuing),
    ...optional('failed_request_threshold', failureLimit?.share),
    ...optional('rate_ramp', 'rampNs' in issuing ? ramp(issuing.rampNs) : undefined),
    ...('pattern' in issuing && issuing.pattern === 'gamma' ? { smoothness: issuing.smoothness } : {}),
    ...('users' in issuing ? { users: issuing.users } : {}),
    ...(name === 'profiling' && loadMode(config) === 'fixed-schedule' ? offsets(config) : {}),
  };
}

function rateConfig(issuing: Issuing): JsonObject {
  if (!('ratePerSecond' in issuing)) return {};
  const { ratePerSecond: rate } = issuing;
  const series = 'series' in issuing ? issuing.series : undefined;
  if (series === undefined) return { rate };
  const points = series.map(({ atNs, perSecond }) => ({ time_s: atNs / 1e9, qps: perSecond }));
  return { rate_series: { points } };
}

function phaseType(issuing: Issuing): string {
  switch (issuing.kind) {
    case 'closed-loop':
      return 'concurrency';
    case 'rate':
      return issuing.pattern;
    case 'fixed-schedule':
      return 'fixed_schedule';
    case 'user-centric':
      return 'user_centric';
  }
}

/** The part of a schedule that is replayed, ms. */
function offsets({
  fixedScheduleAutoOffset,
  fixedScheduleStartOffset,
  fixedScheduleEndOffset,
}: Config): JsonObject {
  // A start offset turns the automatic one off, and AIPerf's model refuses both.
  const isAutomatic = fixedScheduleAutoOffset && fixedScheduleStartOffset === undefined;
  return {
    ...(isAutomatic ? {} : { auto_offset: false }),
    ...optional('start_offset', fixedScheduleStartOffset),
    ...optional('end_offset', fixedScheduleEndOffset),
  };
}

function ramp(rampNs: RampedLimit['rampNs'] | undefined): JsonObject | undefined {
  return rampNs === undefined || rampNs === 0 ? undefined : { duration: rampNs / 1e9 };
}

function artifactsConfig(config: Config, dir: string): JsonObject {
  return {
    dir,
    ...optional('prefix', config.profileExportPrefix),
    ...(config.exportLevel === 'raw' ? { records: ['jsonl'], raw: true } : {}),
    ...(config.exportLevel === 'summary' ? { records: false, raw: false } : {}),
    ...optional('trace', config.exportHttpTrace || undefined),
    ...optional('slice_duration', config.sliceDuration),
    ...optional('show_trace_timing', config.showTraceTiming || undefined),
    ...optional('export_outputs_json', config.exportOutputsJson || undefined),
    auto_plot: false,
    plot_required: false,
  };
}

function serverMetricsConfig(config: Config): JsonObject {
  if (config.noServerMetrics) return { enabled: false };
  const urls = config.serverMetrics.map((url) => withoutSecrets(metricsPage(url).href));
  return { enabled: true, urls, formats: [...config.serverMetricsFormats] };
}

function gpuTelemetryConfig({ gpuTelemetry, noGpuTelemetry }: Config): JsonObject {
  if (noGpuTelemetry) return { enabled: false };
  if (gpuTelemetry === undefined) return { enabled: true };
  const { urls, tools, files, dashboard } = gpuSources(gpuTelemetry);
  const [tool] = tools;
  return {
    enabled: true,
    ...optional('urls', urls.length === 0 ? undefined : urls.map((url) => withoutSecrets(withScheme(url)))),
    ...optional('metrics_file', files[0]),
    collector: tool === undefined ? 'dcgm' : localCollectors[tool],
    mode: dashboard ? 'realtime_dashboard' : 'summary',
  };
}

function finite(limit: number): number | undefined {
  return Number.isFinite(limit) ? limit : undefined;
}
