import { isObject, type Json, type JsonObject } from '../../util/json.js';

/** The resolved configuration as `/api/config` shows it: AIPerf's keys in camel case, unset ones with their defaults. */
export function configBody(inputConfig: JsonObject): JsonObject {
  return completed(inCamelCase(inputConfig), defaults);
}

/** An object of users' own keys, which stay as they are. */
const ofUsers = new Set(['headers', 'extra', 'slos', 'customResourceAttributes', 'tags']);

function inCamelCase(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => {
      const name = key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return [name, ofUsers.has(name) ? value : camelCased(value)];
    }),
  );
}

function camelCased(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCased);
  return isObject(value) ? inCamelCase(value) : value;
}

/** A value with what it lacks; a list is one of objects that each get the defaults of its only item. */
function completed<Value extends Json>(value: Value, lacking: Json): Value {
  if (Array.isArray(value) && Array.isArray(lacking)) {
    const [item] = lacking;
    return (item === undefined ? value : value.map((each) => completed(each, item))) as Value;
  }
  if (!isObject(value) || !isObject(lacking)) return value;
  const keys = [...Object.keys(lacking), ...Object.keys(value).filter((key) => !Object.hasOwn(lacking, key))];
  return Object.fromEntries(
    keys.map((key) => {
      const [own, other] = [value[key], lacking[key]];
      if (own === undefined) return [key, other ?? null];
      return [key, other === undefined ? own : completed(own, other)];
    }),
  ) as Value;
}

const lengths = { min: null, max: null, mean: 0, stddev: 0 };

/** What AIPerf 0.13.0 shows for options that were not given. */
const defaults: JsonObject = {
  models: {
    strategy: 'round_robin',
    items: [{ name: null, weight: null, lora: null, modalities: null, tokenizer: null }],
  },
  endpoint: {
    ...{ urls: [], urlStrategy: 'round_robin', type: null, path: null, apiKey: null, timeout: 21_600 },
    ...{ streaming: false, transport: null, connectionReuse: 'pooled', useLegacyMaxTokens: false },
    ...{ useServerTokenCount: false, perChunkUsage: false, template: null, headers: {}, extra: {} },
    ...{ downloadVideoContent: false, requestContentType: null, sessionHeader: null, uuidAndStrip: false },
    ...{ waitForModelTimeout: 0, waitForModelInterval: 5, waitForModelMode: 'inference' },
    ...{ resetKvCache: null, serverProfiler: null },
  },
  datasets: [
    {
      ...{ systemPrompt: null, systemPromptFile: null, name: 'main', type: null, entries: null },
      ...{ randomSeed: null, sampling: 'sequential' },
      prompts: {
        ...{ isl: lengths, osl: lengths, blockSize: null, batchSize: 1, cacheBust: { target: 'none' } },
        ...{ corpus: null, sequenceDistribution: null, randomRangeRatio: null, randomCorpusStyle: 'vllm' },
      },
      ...{ prefixPrompts: null, turns: null, turnDelay: null, turnDelayRatio: 1 },
      ...{ images: null, audio: null, video: null, rankings: null },
    },
  ],
  phases: [
    {
      ...{ adaptiveScale: false, adaptiveSustainDuration: null, adaptiveAssessmentPeriod: null },
      ...{ adaptiveMinCompletedRequests: 1, adaptiveControlVariable: 'concurrency', adaptiveControlMin: 1 },
      ...{ adaptiveControlMax: null, adaptiveScaleStrategyType: 'ramp_until_fail' },
      ...{ adaptiveScaleStepPolicy: 'sla_margin', adaptiveScaleBaseStep: 10 },
      ...{ adaptiveScaleMaxStepMultiplier: 4, adaptiveScaleStepPercent: 25 },
      ...{ name: null, kind: null, type: null, excludeFromResults: false, requests: null, duration: null },
      ...{ sessions: null, concurrency: null, concurrencyRamp: null, prefillConcurrency: null },
      ...{ prefillRamp: null, gracePeriod: null, cancellation: null, sla: [], seamless: false },
      ...{ timingMode: null, failedRequestThreshold: null, trajectoryStartMinRatio: 0.25 },
      ...{ trajectoryStartMaxRatio: 0.75, burstPhaseStarts: false, systemIdleGapCapSeconds: null },
      ...{ agenticCacheWarmupDuration: null, agenticWarmupGracePeriod: null },
    },
  ],
  artifacts: {
    ...{ dir: null, prefix: null, summary: ['json'], records: ['jsonl'], raw: false, trace: false },
    ...{ sliceDuration: null, showTraceTiming: false, userFiles: [], autoPlot: false, plotRequired: false },
    exportOutputsJson: false,
  },
  slos: null,
  tokenizer: { name: null, revision: 'main', trustRemoteCode: false, applyChatTemplate: false },
  gpuTelemetry: { enabled: true, urls: [], metricsFile: null, collector: 'dcgm', mode: 'summary' },
  serverMetrics: {
    ...{ enabled: true, urls: [], formats: ['json', 'csv'] },
    discovery: { mode: 'auto', labelSelector: null, namespace: null, timeoutSeconds: 30 },
  },
  networkLatency: { enabled: false, pingInterval: 1, meanMs: null },
  otel: {
    ...{ metricsUrl: null, streamMetricsEnabled: true, streamTimingEnabled: true },
    ...{ customResourceAttributes: {}, genAiProvider: null },
  },
  mlflow: {
    ...{ trackingUri: null, experiment: 'aiperf', runName: null, tags: null, parentRunId: null },
    artifactGlobs: null,
  },
  wandb: { project: null, entity: null, runName: null, tags: null },
  runtime: {
    ...{ ui: null, workers: null, recordProcessors: null, serviceRunType: 'multiprocessing' },
    ...{ communication: null, apiPort: null, apiHost: null, datasetApiBaseUrl: null, workersPerPod: null },
    ...{ recordProcessorsPerPod: null, workersMin: null, statsInterval: null },
  },
  logging: { level: 'INFO' },
  metrics: {},
  accuracy: null,
  scenario: null,
  unsafeOverride: false,
};
