import type { CacheFigures, LoadFigures, TraceFigures, ValueStatistics } from '../trace/figures.js';

/** The figures of a trace as a JSON file: first the keys of AIPerf's `analyze-trace`, then ours. */
export function traceJson(figures: TraceFigures): string {
  const { inputLength, outputLength, arrivals, cache } = figures;
  const json = {
    total_requests: figures.requests,
    unique_prefixes: figures.uniquePrefixes,
    num_prefix_groups: figures.prefixGroups,
    cache_hit_rate: figures.hitRate?.mean ?? 0,
    min_isl: inputLength.min,
    max_isl: inputLength.max,
    avg_isl: inputLength.mean,
    min_osl: outputLength?.min ?? null,
    max_osl: outputLength?.max ?? null,
    avg_osl: outputLength?.mean ?? null,
    prefix_reuse_ratio: figures.prefixReuseRatio,
    isl_stats: statistics(inputLength),
    osl_stats: statistics(outputLength),
    context_length_stats: statistics(figures.contextLength),
    unique_prompt_length_stats: statistics(figures.uniqueLength),
    hit_rate_stats: statistics(figures.hitRate),

    total_length_stats: statistics(figures.totalLength),
    isl_percentiles: percentiles(inputLength),
    osl_percentiles: percentiles(outputLength),
    total_length_percentiles: percentiles(figures.totalLength),
    ...Object.fromEntries(
      figures.longShares.map(({ tokens, share }) => [`share_over_${tokens / 1000}k_tokens`, share]),
    ),
    duration_sec: arrivals === undefined ? null : arrivals.durationMs / 1000,
    requests_per_sec: arrivals?.perSecond ?? null,
    requests_per_min: arrivals?.perSecond === undefined ? null : arrivals.perSecond * 60,
    arrival_gap_ms_stats: statistics(arrivals?.gaps),
    arrival_gap_cv: variation(arrivals?.gaps),
    blocks: cache?.blocks ?? 0,
    infinite_cache_block_hit_rate: cache?.infiniteHitRate ?? null,
    limited_cache_blocks: cache?.limited?.blocks ?? null,
    limited_cache_block_hit_rate: cache?.limited?.hitRate ?? null,
    cache_hit_curve: cache === undefined ? null : curve(cache),
    sessions: figures.sessions?.count ?? null,
    multi_turn_session_share: figures.sessions?.multiTurnShare ?? null,
    multi_turn_request_share: figures.sessions?.multiTurnRequestShare ?? null,
    turns_per_session_stats: statistics(figures.sessions?.turns),
    load_over_time: arrivals === undefined ? null : loadOverTime(arrivals.load),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function curve({ blockSize, curve: { sampledShare, points } }: CacheFigures) {
  return {
    block_size: blockSize,
    sampled_share_of_blocks: sampledShare,
    cache_blocks: points.map(({ blocks }) => blocks),
    block_hit_rate: points.map(({ hitRate }) => hitRate),
  };
}

/** Rates of each window, per second. */
function loadOverTime({ seconds, requests, inputTokens, outputTokens }: LoadFigures) {
  const rates = (counts: readonly number[]) => counts.map((count) => count / seconds);
  return {
    window_sec: seconds,
    requests_per_sec: rates(requests),
    input_tokens_per_sec: rates(inputTokens),
    output_tokens_per_sec: rates(outputTokens),
  };
}

function statistics(of: ValueStatistics | undefined) {
  if (of === undefined) return null;
  const { mean, std, min, p25, median, p75, max } = of;
  return { mean, std_dev: std, min, p25, median, p75, max };
}

function percentiles(of: ValueStatistics | undefined) {
  if (of === undefined) return null;
  const { p25, median, p75, p90, p95, p99 } = of;
  return { p25, p50: median, p75, p90, p95, p99 };
}

/** Standard deviation as a share of the mean: 1 for a Poisson stream, more in bursts. */
function variation(of: ValueStatistics | undefined): number | null {
  return of === undefined || of.mean === 0 ? null : of.std / of.mean;
}
