import { andList } from '../../util/lists.js';
import { valueWords } from '../words.js';
import { dataset } from './datasets.js';
import { phasesIn, readPhases } from './phases.js';
import {
  anything,
  has,
  indexed,
  isMapping,
  keyOf,
  mappingFault,
  meaningless,
  member,
  only,
  option,
  type Read,
  type Reading,
  refused,
  type Section,
  type Site,
  Swept,
  seconds,
  section,
  siteOf,
  type Tree,
  unsupported,
  within,
} from './reading.js';
import { datasetsByName } from './sweep.js';

const off = [{}, { enabled: false }] as const;

const models: Read = (value, site, reading) => {
  if (value instanceof Swept) option('models')(value, site, reading);
  else if (typeof value === 'string') reading.put('models', [value], site);
  else if (isMapping(value)) advancedModels(value, site, reading);
  else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    reading.put('models', value, site);
  } else
    reading.refuse(
      site,
      `must be a name, a list of names, or a mapping with items, got ${valueWords(value)}`,
    );
};

const modelItems: Read = (value, site, reading) => {
  if (!Array.isArray(value))
    return reading.refuse(siteOf(value, site), `must be a list of models, got ${valueWords(value)}`);
  const names: unknown[] = [];
  const one = 'only the name of a model can be given';
  const item = section({
    name: (name) => names.push(name),
    weight: refused('models are requested round-robin or at random, with --model-selection-strategy'),
    lora: refused(`${one}; most servers take the name of the adapter as a model`),
    modalities: refused(one),
    tokenizer: refused('all models share one tokenizer, benchmark.tokenizer'),
  });
  for (const [i, model] of value.entries()) item(model, indexed(site, i), reading);
  reading.put('models', names, site);
};

const advancedModels = section({ strategy: option('modelSelectionStrategy'), items: modelItems });

const endpointKeys = section({
  url: option('urls'),
  urls: option('urls'),
  url_strategy: option('urlStrategy'),
  type: option('endpointType'),
  path: option('customEndpoint'),
  api_key: option('apiKey'),
  timeout: option('requestTimeoutSeconds', seconds),
  streaming: option('streaming'),
  transport: option('transport'),
  connection_reuse: option('connectionReuseStrategy'),
  use_legacy_max_tokens: option('useLegacyMaxTokens'),
  use_server_token_count: option('useServerTokenCount'),
  headers: option('headers'),
  extra: anything,
  session_header: option('sessionHeader'),
  template: anything,
  per_chunk_usage: option('perChunkUsage'),
  download_video_content: option('downloadVideoContent'),
  request_content_type: option('requestContentType'),
  uuid_and_strip: option('uuidAndStrip'),
  wait_for_model_timeout: option('waitForModelTimeout', seconds),
  wait_for_model_interval: option('waitForModelInterval', seconds),
  wait_for_model_mode: option('waitForModelMode'),
  reset_kv_cache: section({
    enabled: option('resetKvCache'),
    path: option('resetKvCachePath'),
    timeout_seconds: option('resetKvCacheTimeoutSeconds', seconds),
  }),
  server_profiler: section({
    enabled: option('serverProfiler'),
    start_path: option('serverProfilerStartPath'),
    stop_path: option('serverProfilerStopPath'),
    timeout_seconds: option('serverProfilerTimeoutSeconds', seconds),
  }),
});

/** The template of a body, and where the text of an answer is: extra inputs on the command line. */
const endpoint: Read = (value, site, reading) => {
  endpointKeys(value, site, reading);
  if (!isMapping(value)) return;
  const [extra, template] = [member(value, 'extra'), member(value, 'template')];
  const extraSite = within(site, keyOf(value, 'extra') ?? 'extra');
  if (template === undefined) {
    if (extra !== undefined) option('extraInputs')(extra, extraSite, reading);
    return;
  }
  const names: Record<string, unknown> = {};
  const given =
    (name: string): Read =>
    (text) => {
      names[name] = text;
    };
  section({ body: given('payload_template'), response_field: given('response_field') })(
    template,
    within(site, keyOf(value, 'template') ?? 'template'),
    reading,
  );
  if (extra !== undefined && !isMapping(extra)) return reading.refuse(extraSite, mappingFault(extra));
  reading.put('extraInputs', { ...extra, ...names }, extraSite);
};

const artifacts: Read = (value, site, reading) => {
  section({
    dir: option('artifactDir'),
    prefix: option('profileExportPrefix'),
    summary: only(['json']),
    records: only(['jsonl'], false),
    raw: only(true, false),
    trace: option('exportHttpTrace'),
    slice_duration: option('sliceDuration', seconds),
    show_trace_timing: option('showTraceTiming'),
    user_files: refused('copy the files into the folder after the run', []),
    auto_plot: unsupported('auto-plot'),
    plot_required: unsupported('plot-required'),
    export_outputs_json: option('exportOutputsJson'),
  })(value, site, reading);
  if (!isMapping(value)) return;
  for (const [name, level] of [
    ['raw', 'raw'],
    ['records', 'summary'],
  ] as const) {
    const key = keyOf(value, name);
    if (key === undefined || value[key] !== (name === 'raw')) continue;
    return reading.put('exportLevel', level, within(site, key));
  }
};

const serverMetrics: Read = (value, site, reading) => {
  if (value === false) return reading.put('noServerMetrics', true, site);
  section({
    enabled: enabledUnless('noServerMetrics'),
    urls: (urls, at) => {
      // AIPerf writes an empty list for the pages of the servers alone.
      if (!Array.isArray(urls) || urls.length > 0) option('serverMetrics')(urls, at, reading);
    },
    formats: option('serverMetricsFormats'),
  })(value, site, reading);
};

/** Puts together what the option names in one list. */
const gpuTelemetry: Read = (value, site, reading) => {
  if (value === false) return reading.put('noGpuTelemetry', true, site);
  if (typeof value === 'string') return reading.put('gpuTelemetry', [value], site);
  const items: unknown[] = [];
  const add: Read = (item) => items.push(...(Array.isArray(item) ? item : [item]));
  section({
    enabled: enabledUnless('noGpuTelemetry'),
    url: add,
    urls: add,
    metrics_file: add,
    collector: (collector, at) => {
      if (collector === 'pynvml' || collector === 'amdsmi') items.push(collector);
      else only('dcgm', 'pynvml', 'amdsmi')(collector, at, reading);
    },
    mode: (mode, at) => {
      only('summary', 'realtime_dashboard')(mode, at, reading);
      if (mode === 'realtime_dashboard') items.push('dashboard');
    },
  })(value, site, reading);
  if (items.length > 0) reading.put('gpuTelemetry', items, site);
};

/** Sets an option that turns something off where `enabled` is false. */
function enabledUnless(off: 'noServerMetrics' | 'noGpuTelemetry'): Read {
  return (enabled, site, reading) => {
    if (typeof enabled !== 'boolean')
      reading.refuse(site, `must be true or false, got ${valueWords(enabled)}`);
    else if (!enabled) reading.put(off, true, site);
  };
}

/** A mapping as `key=value` pairs; other values unchanged for the option to refuse. */
function pairs(value: unknown): unknown {
  return isMapping(value) ? Object.entries(value).map(([key, member]) => `${key}=${member}`) : value;
}

const sections: Section = {
  endpoint,
  artifacts,
  slos: option('goodput'),
  tokenizer: section({
    name: option('tokenizer'),
    revision: option('tokenizerRevision'),
    trust_remote_code: option('tokenizerTrustRemoteCode'),
    apply_chat_template: option('applyChatTemplate'),
  }),
  runtime: section({
    ui: option('uiType'),
    workers: option('workersMax'),
    record_processors: option('recordProcessors'),
    service_run_type: only('multiprocessing'),
    communication: meaningless,
    workers_min: meaningless,
    workers_per_pod: meaningless,
    record_processors_per_pod: meaningless,
    api_port: option('apiPort'),
    api_host: option('apiHost'),
  }),
  logging: section({ level: option('logLevel') }),
  gpu_telemetry: gpuTelemetry,
  server_metrics: serverMetrics,
  network_latency: section({
    enabled: option('networkLatencyAutomatic'),
    mean: option('networkLatencyMean'),
    ping_interval: option('networkLatencyPingInterval', seconds),
  }),
  otel: section({
    metrics_url: option('otelUrl'),
    stream_metrics_enabled: only(true),
    stream_timing_enabled: only(true),
    custom_resource_attributes: option('otelResourceAttributes', pairs),
    gen_ai_provider: option('genAiProvider'),
  }),
  mlflow: section({
    tracking_uri: option('mlflowTrackingUri'),
    experiment: option('mlflowExperiment'),
    run_name: option('mlflowRunName'),
    tags: option('mlflowTags'),
    parent_run_id: option('mlflowParentRunId'),
    artifact_globs: option('mlflowArtifactGlobs'),
  }),
  wandb: unsupported('wandb-', ...off),
  accuracy: unsupported('accuracy-', {}),
  scenario: unsupported('scenario'),
  unsafe_override: unsupported('unsafe-override'),
  failure_policy: refused('a failed request never ends the run', 'continue'),
  metrics: refused('all metrics are always computed', {}),
};

/** The keys under `benchmark`. */
export const benchmark: Section = {
  ...sections,
  model: models,
  models,
  dataset,
  datasets: (value, site, reading) => {
    if (!Array.isArray(value) || value.length === 0) {
      return reading.refuse(siteOf(value, site), `must be a list of one data set, got ${valueWords(value)}`);
    }
    const names = value.map((item, i) => String((isMapping(item) ? member(item, 'name') : undefined) ?? i));
    if (value.length > 1) {
      return reading.refuse(site, `holds ${value.length} data sets, ${andList(names)}: a run has one`);
    }
    dataset(value[0], { path: [...site.path, 0], name: `${site.name}.${names[0]}` }, reading);
  },
  // Datasets and phases are read together because each depends on the other.
  phases: anything,
  warmup: anything,
  profiling: anything,
};

const synonyms = [
  ['model', 'models'],
  ['dataset', 'datasets'],
  ['warmup', 'phases'],
  ['profiling', 'phases'],
] as const;

/** Reads the keys under `benchmark`: first the independent ones, then datasets and phases together. */
export function readBenchmark(body: Tree, site: Site, reading: Reading): void {
  for (const [short, long] of synonyms) {
    if (has(body, short) && has(body, long)) {
      reading.refuse(within(site, short), `cannot be combined with ${long}; give one of them`);
    }
  }
  section(benchmark)(body, site, reading);
  const found = phasesIn(body, site, reading);
  const isFile = datasetsByName(body).some(([, item]) => member(item, 'type') === 'file');
  if (found.phases.length > 0) readPhases(found, isFile, reading);
}
