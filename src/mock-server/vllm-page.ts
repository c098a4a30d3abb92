import { label } from '../util/prometheus-label.js';
import { ExpositionPage, type Histogram, labelList, type Sample } from './exposition.js';
import { kvBlockTokens } from './kv-cache.js';
import type { EndReason, ServerMetrics } from './server-metrics.js';

/** The state of the engine at the moment of a page. */
export interface EngineState {
  readonly running: number;
  readonly waiting: number;
  /** Blocks that running requests hold. */
  readonly kvBlocks: number;
}

/** What does not change. */
export interface EngineFacts {
  readonly model: string;
  readonly prefixCache: boolean;
  readonly kvCacheTokens: number;
  /** When the server started, seconds since 1970. */
  readonly startedSeconds: number;
}

/** The page `/metrics`, with vLLM's families, labels, help texts and order. */
export function vllmPage(
  facts: EngineFacts,
  { running, waiting, kvBlocks }: EngineState,
  metrics: ServerMetrics,
  uptimeSeconds: number,
): string {
  metrics.endStep();
  const page = new ExpositionPage(facts.startedSeconds);
  processFamilies(page, facts.startedSeconds, uptimeSeconds);

  const [engine, model] = ['engine="0"', label('model_name', facts.model)];
  const labels = labelList(engine, model);
  const gauge = (name: string, help: string, value: number) =>
    page.gauge(`vllm:${name}`, help, [[labels, value]]);
  const counter = (name: string, help: string, value: number) =>
    page.counter(`vllm:${name}`, help, [[labels, value]]);
  /** One series per value of a label that follows `model_name` in the alphabet. */
  const by = (name: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([value, count]) => [labelList(labels, label(name, value)), count]);

  gauge('num_requests_running', 'Number of requests in model execution batches.', running);
  gauge('num_requests_waiting', 'Number of requests waiting to be processed.', waiting);
  page.gauge(
    'vllm:num_requests_waiting_by_reason',
    'Number of waiting requests by reason.',
    by('reason', { capacity: waiting, deferred: 0 }),
  );
  page.gauge(
    'vllm:engine_sleep_state',
    'Engine sleep state; awake = 1 means engine is awake.',
    by('sleep_state', { awake: 1, weights_offloaded: 0, discard_all: 0 }),
  );
  const capacityBlocks = Math.floor(facts.kvCacheTokens / kvBlockTokens);
  const usage = Math.min(1, kvBlocks / capacityBlocks);
  gauge('kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', usage);
  const { prefixQueriedTokens, prefixHitTokens, promptTokens, cachedPromptTokens } = metrics;
  counter(
    'prefix_cache_queries',
    'Prefix cache queries, in terms of number of queried tokens.',
    prefixQueriedTokens,
  );
  counter('prefix_cache_hits', 'Prefix cache hits, in terms of number of cached tokens.', prefixHitTokens);
  counter('num_preemptions', 'Cumulative number of preemption from the engine.', metrics.preemptions);
  counter('prompt_tokens', 'Number of prefill tokens processed.', promptTokens);
  page.counter(
    'vllm:prompt_tokens_by_source',
    'Number of prompt tokens by source.',
    by('source', {
      local_compute: promptTokens - cachedPromptTokens,
      local_cache_hit: cachedPromptTokens,
      external_kv_transfer: 0,
    }),
  );
  counter('prompt_tokens_cached', 'Number of cached prompt tokens (local + external).', cachedPromptTokens);
  counter('generation_tokens', 'Number of generation tokens processed.', metrics.generationTokens);
  page.counter(
    'vllm:request_success',
    'Count of successfully processed requests.',
    endReasons.map((reason) => [
      labelList(engine, label('finished_reason', reason), model),
      reason === 'repetition' ? 0 : metrics.finished[reason],
    ]),
  );

  for (const [name, help, data] of histogramsOf(metrics)) {
    page.histogram(`vllm:${name}`, help, [engine, model], data);
  }
  page.gauge('vllm:cache_config_info', 'Information of the LLMEngine CacheConfig', [
    [cacheConfig(facts, capacityBlocks), 1],
  ]);
  page.counter(
    'http_requests',
    'Total number of requests by method, status and handler.',
    [...metrics.responses].map(([key, count]) => {
      const [method = '', handler = '', status = ''] = key.split(' ');
      return [labelList(label('handler', handler), label('method', method), label('status', status)), count];
    }),
  );
  return page.text;
}

const endReasons: readonly (EndReason | 'repetition')[] = ['stop', 'length', 'abort', 'error', 'repetition'];

function histogramsOf(metrics: ServerMetrics): [name: string, help: string, data: Histogram][] {
  return [
    ['iteration_tokens_total', 'Histogram of number of tokens per engine_step.', metrics.stepTokens],
    ['time_to_first_token_seconds', 'Histogram of time to first token in seconds.', metrics.ttftSeconds],
    ['inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', metrics.itlSeconds],
    [
      'request_time_per_output_token_seconds',
      'Histogram of time_per_output_token_seconds per request.',
      metrics.tpotSeconds,
    ],
    ['e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', metrics.e2eSeconds],
    [
      'request_queue_time_seconds',
      'Histogram of time spent in WAITING phase for request.',
      metrics.queueSeconds,
    ],
    [
      'request_inference_time_seconds',
      'Histogram of time spent in RUNNING phase for request.',
      metrics.inferenceSeconds,
    ],
    [
      'request_prefill_time_seconds',
      'Histogram of time spent in PREFILL phase for request.',
      metrics.prefillSeconds,
    ],
    [
      'request_decode_time_seconds',
      'Histogram of time spent in DECODE phase for request.',
      metrics.decodeSeconds,
    ],
    ['request_prompt_tokens', 'Number of prefill tokens processed.', metrics.requestPromptTokens],
    [
      'request_prefill_kv_computed_tokens',
      'Histogram of new KV tokens computed during prefill (excluding cached tokens).',
      metrics.requestComputedTokens,
    ],
    ['request_generation_tokens', 'Number of generation tokens processed.', metrics.requestGenerationTokens],
    [
      'request_max_num_generation_tokens',
      'Histogram of maximum number of requested generation tokens.',
      metrics.requestMaxTokens,
    ],
    ['request_params_max_tokens', 'Histogram of the max_tokens request parameter.', metrics.requestMaxTokens],
    ['request_params_n', 'Histogram of the n request parameter.', metrics.requestChoices],
    [
      'request_num_preemptions',
      'Histogram of the number of times a request was preempted.',
      metrics.requestPreemptions,
    ],
  ];
}

/** Labels of vLLM's cache settings: those that a simulated cache has. */
function cacheConfig({ prefixCache }: EngineFacts, blocks: number): string {
  return labelList(
    label('block_size', String(kvBlockTokens)),
    label('cache_dtype', 'auto'),
    label('enable_prefix_caching', prefixCache ? 'True' : 'False'),
    'engine="0"',
    label('gpu_memory_utilization', '0.9'),
    label('num_gpu_blocks', String(blocks)),
    label('prefix_caching_hash_algo', 'sha256'),
    label('sliding_window', 'None'),
  );
}

/** The families of Python's client about the process and its interpreter; the simulated engine uses one core. */
function processFamilies(page: ExpositionPage, startedSeconds: number, uptimeSeconds: number): void {
  const generations = ['0', '1', '2'].map((generation) => [label('generation', generation), 0] as const);
  page.counter('python_gc_objects_collected', 'Objects collected during gc', generations);
  page.counter('python_gc_objects_uncollectable', 'Uncollectable objects found during GC', generations);
  page.counter('python_gc_collections', 'Number of times this generation was collected', generations);
  const version = ['3', '12', '11'] as const;
  const python = labelList(
    label('implementation', 'CPython'),
    label('major', version[0]),
    label('minor', version[1]),
    label('patchlevel', version[2]),
    label('version', version.join('.')),
  );
  page.gauge('python_info', 'Python platform information', [[python, 1]]);
  page.gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.', [['', 8 * 2 ** 30]]);
  page.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [['', 2 * 2 ** 30]]);
  page.gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', [
    ['', startedSeconds],
  ]);
  page.counter('process_cpu_seconds', 'Total user and system CPU time spent in seconds.', [
    ['', uptimeSeconds],
  ]);
  page.gauge('process_open_fds', 'Number of open file descriptors.', [['', 64]]);
  page.gauge('process_max_fds', 'Maximum number of open file descriptors.', [['', 65_536]]);
}
