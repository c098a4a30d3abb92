import { serverMetrics } from './server-metrics.js';
import type { Labels, SeriesMetric } from './time-series.js';

/** A number that servers of several makes report, each under its own name. */
export type Figure =
  /** Requests that ended; labels may say how. */
  | 'finished'
  /** Requests that were given up, of servers that do not count them among the finished ones. */
  | 'aborted'
  | 'promptTokens'
  | 'generationTokens'
  /** Requests that lost their KV cache to others and were computed again. */
  | 'preemptions'
  /** Prompt tokens (TensorRT-LLM: blocks) that were looked up in the prefix cache, found there, and not found there. */
  | 'cacheQueries'
  | 'cacheHits'
  | 'cacheMisses'
  /** 0 to 1, where the server has no counters. */
  | 'cacheHitRate'
  /** Speculative decoding: drafts that were verified, tokens in them, and tokens of them that were accepted. */
  | 'drafts'
  | 'draftTokens'
  | 'acceptedTokens'
  /** Tokens of a verified draft that count, the one of the model itself included, of servers without these counters. */
  | 'acceptanceLength'
  /** 0 to 1. */
  | 'kvCacheUsage'
  | 'running'
  | 'waiting'
  /** Histograms, in seconds. */
  | 'ttft'
  | 'itl'
  | 'latency';

/** Series of a page that hold a figure. */
export interface FigureSource {
  /** Of the family: without `_total` and the suffixes of histograms. The sum of a histogram of tokens counts tokens. */
  readonly family: string;
  /** Labels that a series needs to have, with their values. */
  readonly labels?: Labels;
  /** The label that says how a request ended. */
  readonly reasonLabel?: string;
  /** An ITL that is observed once for each request, its mean, and not once for each token. */
  readonly isPerRequest?: true;
}

/** A make of server whose metrics are known. */
export interface KnownServer {
  readonly id: string;
  readonly name: string;
  /** What the names of its own families begin with: a page that has one is a page of it. */
  readonly prefix: string;
  /** Label with the name of the model; series of models that the run does not use are left out. */
  readonly modelLabel: string;
  /** Labels of ranks that report the same requests: only series with rank 0 count. */
  readonly rankLabels: readonly string[];
  /** Its prompt tokens leave out those that were found in the prefix cache. */
  readonly countsOnlyComputedPrompts: boolean;
  /** Of each figure where it is found, the name that is used by newer versions first: the first that a page has counts. */
  readonly figures: Readonly<Partial<Record<Figure, readonly FigureSource[]>>>;
}

/**
 * Metric names of known servers. Where they are documented:
 * - vLLM: https://docs.vllm.ai/en/stable/usage/metrics/ (0.7: https://docs.vllm.ai/en/v0.7.0/serving/metrics.html);
 *   compared with the page of vLLM 0.32.
 * - SGLang: https://docs.sglang.io/references/production_metrics.html, and `srt/observability/metrics_collector.py`.
 * - TensorRT-LLM: `tensorrt_llm/metrics/collector.py`, https://nvidia.github.io/TensorRT-LLM/latest/examples/prometheus_metrics.html.
 * - Triton with TensorRT-LLM: https://github.com/triton-inference-server/tensorrtllm_backend (Triton metrics), and
 *   https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html.
 * - TGI: https://huggingface.co/docs/text-generation-inference/reference/metrics.
 * - llama.cpp: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (GET /metrics).
 * - Dynamo: https://docs.nvidia.com/dynamo/dev/reference/observability/metrics-catalog.
 *
 * Only vLLM's were compared with a running server.
 */
export const knownServers: readonly KnownServer[] = [
  {
    id: 'vllm',
    name: 'vLLM',
    prefix: 'vllm:',
    modelLabel: 'model_name',
    rankLabels: [],
    countsOnlyComputedPrompts: false,
    figures: {
      finished: [{ family: 'vllm:request_success', reasonLabel: 'finished_reason' }],
      promptTokens: [{ family: 'vllm:prompt_tokens' }],
      generationTokens: [{ family: 'vllm:generation_tokens' }],
      preemptions: [{ family: 'vllm:num_preemptions' }],
      cacheQueries: [{ family: 'vllm:prefix_cache_queries' }, { family: 'vllm:gpu_prefix_cache_queries' }],
      cacheHits: [{ family: 'vllm:prefix_cache_hits' }, { family: 'vllm:gpu_prefix_cache_hits' }],
      cacheHitRate: [{ family: 'vllm:gpu_prefix_cache_hit_rate' }],
      drafts: [{ family: 'vllm:spec_decode_num_drafts' }],
      draftTokens: [{ family: 'vllm:spec_decode_num_draft_tokens' }],
      acceptedTokens: [{ family: 'vllm:spec_decode_num_accepted_tokens' }],
      kvCacheUsage: [{ family: 'vllm:kv_cache_usage_perc' }, { family: 'vllm:gpu_cache_usage_perc' }],
      running: [{ family: 'vllm:num_requests_running' }],
      waiting: [{ family: 'vllm:num_requests_waiting' }],
      ttft: [{ family: 'vllm:time_to_first_token_seconds' }],
      itl: [
        { family: 'vllm:request_time_per_output_token_seconds', isPerRequest: true },
        { family: 'vllm:inter_token_latency_seconds' },
        { family: 'vllm:time_per_output_token_seconds' },
      ],
      latency: [{ family: 'vllm:e2e_request_latency_seconds' }],
    },
  },
  {
    id: 'sglang',
    name: 'SGLang',
    prefix: 'sglang:',
    modelLabel: 'model_name',
    rankLabels: ['tp_rank', 'pp_rank', 'moe_ep_rank'],
    countsOnlyComputedPrompts: false,
    figures: {
      finished: [{ family: 'sglang:num_requests' }, { family: 'sglang:e2e_request_latency_seconds' }],
      aborted: [{ family: 'sglang:num_aborted_requests' }],
      promptTokens: [{ family: 'sglang:prompt_tokens' }],
      generationTokens: [{ family: 'sglang:generation_tokens' }],
      preemptions: [{ family: 'sglang:num_retracted_requests' }],
      cacheQueries: [{ family: 'sglang:prompt_tokens' }],
      cacheHits: [{ family: 'sglang:cached_tokens' }],
      cacheHitRate: [{ family: 'sglang:cache_hit_rate' }],
      acceptanceLength: [{ family: 'sglang:spec_accept_length' }],
      kvCacheUsage: [{ family: 'sglang:token_usage' }],
      running: [{ family: 'sglang:num_running_reqs' }],
      waiting: [{ family: 'sglang:num_queue_reqs' }],
      ttft: [{ family: 'sglang:time_to_first_token_seconds' }],
      itl: [
        { family: 'sglang:inter_token_latency_seconds' },
        { family: 'sglang:time_per_output_token_seconds' },
      ],
      latency: [{ family: 'sglang:e2e_request_latency_seconds' }],
    },
  },
  {
    id: 'trtllm',
    name: 'TensorRT-LLM',
    prefix: 'trtllm_',
    modelLabel: 'model_name',
    rankLabels: [],
    countsOnlyComputedPrompts: false,
    figures: {
      finished: [{ family: 'trtllm_request_success', reasonLabel: 'finished_reason' }],
      promptTokens: [{ family: 'trtllm_prompt_tokens' }],
      generationTokens: [{ family: 'trtllm_generation_tokens' }],
      cacheHits: [{ family: 'trtllm_kv_cache_reused_blocks' }],
      cacheMisses: [{ family: 'trtllm_kv_cache_missed_blocks' }],
      cacheHitRate: [{ family: 'trtllm_kv_cache_hit_rate' }],
      kvCacheUsage: [{ family: 'trtllm_kv_cache_utilization' }],
      running: [{ family: 'trtllm_num_requests_running' }],
      waiting: [{ family: 'trtllm_num_requests_waiting' }],
      ttft: [{ family: 'trtllm_time_to_first_token_seconds' }],
      itl: [{ family: 'trtllm_time_per_output_token_seconds', isPerRequest: true }],
      latency: [{ family: 'trtllm_e2e_request_latency_seconds' }],
    },
  },
  {
    id: 'triton-trtllm',
    name: 'Triton (TensorRT-LLM)',
    prefix: 'nv_trt_llm_',
    modelLabel: 'model',
    rankLabels: [],
    countsOnlyComputedPrompts: false,
    figures: {
      // A request passes several models, an ensemble and its parts; this one is the engine.
      finished: [{ family: 'nv_inference_request_success', labels: { model: 'tensorrt_llm' } }],
      promptTokens: [
        { family: 'nv_llm_input_token_len', labels: { response_metric_type: 'total_input_tokens' } },
      ],
      generationTokens: [
        { family: 'nv_llm_output_token_len', labels: { response_metric_type: 'total_output_tokens' } },
      ],
      kvCacheUsage: [
        { family: 'nv_trt_llm_kv_cache_block_metrics', labels: { kv_cache_block_type: 'fraction' } },
      ],
      running: [{ family: 'nv_trt_llm_request_metrics', labels: { request_type: 'scheduled' } }],
      waiting: [{ family: 'nv_trt_llm_request_metrics', labels: { request_type: 'waiting' } }],
    },
  },
  {
    id: 'tgi',
    name: 'TGI',
    prefix: 'tgi_',
    modelLabel: 'model_id',
    rankLabels: [],
    countsOnlyComputedPrompts: false,
    figures: {
      finished: [{ family: 'tgi_request_success' }],
      promptTokens: [{ family: 'tgi_request_input_length' }],
      generationTokens: [{ family: 'tgi_request_generated_tokens' }],
      running: [{ family: 'tgi_batch_current_size' }],
      waiting: [{ family: 'tgi_queue_size' }],
      itl: [{ family: 'tgi_request_mean_time_per_token_duration', isPerRequest: true }],
      latency: [{ family: 'tgi_request_duration' }],
    },
  },
  {
    id: 'llamacpp',
    name: 'llama.cpp',
    prefix: 'llamacpp:',
    modelLabel: 'model',
    rankLabels: [],
    countsOnlyComputedPrompts: true,
    figures: {
      promptTokens: [{ family: 'llamacpp:prompt_tokens' }],
      generationTokens: [{ family: 'llamacpp:tokens_predicted' }],
      kvCacheUsage: [{ family: 'llamacpp:kv_cache_usage_ratio' }],
      running: [{ family: 'llamacpp:requests_processing' }],
      waiting: [{ family: 'llamacpp:requests_deferred' }],
    },
  },
  {
    id: 'dynamo',
    name: 'Dynamo',
    prefix: 'dynamo_frontend_',
    modelLabel: 'model',
    rankLabels: [],
    countsOnlyComputedPrompts: false,
    figures: {
      finished: [{ family: 'dynamo_frontend_requests', reasonLabel: 'error_type' }],
      promptTokens: [{ family: 'dynamo_frontend_input_sequence_tokens' }],
      generationTokens: [
        { family: 'dynamo_frontend_output_tokens' },
        { family: 'dynamo_frontend_output_sequence_tokens' },
      ],
      cacheQueries: [{ family: 'dynamo_frontend_input_sequence_tokens' }],
      cacheHits: [{ family: 'dynamo_frontend_cached_tokens' }],
      running: [{ family: 'dynamo_frontend_inflight_requests' }],
      waiting: [{ family: 'dynamo_frontend_queued_requests' }],
      ttft: [{ family: 'dynamo_frontend_time_to_first_token_seconds' }],
      itl: [{ family: 'dynamo_frontend_inter_token_latency_seconds' }],
      latency: [{ family: 'dynamo_frontend_request_duration_seconds' }],
    },
  },
];

/** The server whose page has these families; undefined for one that is not known. */
export function serverOfFamilies(families: Iterable<string>): KnownServer | undefined {
  const all = [...families];
  return knownServers.find(({ prefix }) => all.some((family) => family.startsWith(prefix)));
}

/** The figures of a server and where each is found. */
export function figuresOfServer({
  figures,
}: KnownServer): readonly (readonly [Figure, readonly FigureSource[]])[] {
  return Object.entries(figures) as [Figure, readonly FigureSource[]][];
}

/** Figures that are kept as series, for charts. */
const keptFigures: Readonly<Partial<Record<Figure, SeriesMetric>>> = serverMetrics;

interface KeptPlace {
  readonly server: KnownServer;
  readonly place: FigureSource;
  readonly metric: SeriesMetric;
}

const keptPlaces = keptPlacesByFamily();

/**
 * The metric under which a series of a page is kept for charts; undefined for all others. Two names of one figure, as
 * some versions have them on one page, are one metric. Of a histogram of tokens the sum is kept.
 */
export function keptMetric(family: string, labels: Labels): SeriesMetric | undefined {
  const found = keptPlaces
    .get(family)
    ?.find(({ server, place }) => !isSecondRank(server, labels) && hasLabels(place, labels));
  return found?.metric;
}

function keptPlacesByFamily(): ReadonlyMap<string, readonly KeptPlace[]> {
  const byFamily = new Map<string, KeptPlace[]>();
  for (const server of knownServers) {
    for (const [figure, places] of figuresOfServer(server)) {
      const metric = keptFigures[figure];
      if (metric === undefined) continue;
      for (const place of places) {
        const all = byFamily.get(place.family) ?? [];
        byFamily.set(place.family, all);
        all.push({ server, place, metric });
      }
    }
  }
  return byFamily;
}

/** Whether a series is that of a rank whose first rank reports the same requests. */
export function isSecondRank({ rankLabels }: KnownServer, labels: Labels): boolean {
  return rankLabels.some((label) => Number(labels[label] ?? 0) > 0);
}

/** Whether a series with these labels belongs to the source. */
export function hasLabels({ labels: needed = {} }: FigureSource, labels: Labels): boolean {
  return Object.entries(needed).every(([label, value]) => labels[label] === value);
}
