import type { SeriesMetric } from './time-series.js';

/** Metrics of servers that are kept as series, whatever each server calls them. */
export const serverMetrics = {
  running: { name: 'server_requests_running', unit: 'requests', kind: 'gauge' },
  waiting: { name: 'server_requests_waiting', unit: 'requests', kind: 'gauge' },
  /** 0 to 1. */
  kvCacheUsage: { name: 'server_kv_cache_usage', unit: 'ratio', kind: 'gauge' },
  preemptions: { name: 'server_preemptions', unit: 'preemptions', kind: 'counter' },
  promptTokens: { name: 'server_prompt_tokens', unit: 'tokens', kind: 'counter' },
  generationTokens: { name: 'server_generation_tokens', unit: 'tokens', kind: 'counter' },
} as const satisfies Readonly<Record<string, SeriesMetric>>;
