import type { FinishReason } from './apis/api.js';
import type { Slots } from './slots.js';

/** Server counters for `/metrics`, with vLLM's names. */
export class ServerMetrics {
  promptTokens = 0;
  generationTokens = 0;
  prefixQueriedTokens = 0;
  prefixHitTokens = 0;
  readonly finished: Record<FinishReason | 'abort', number> = { stop: 0, length: 0, abort: 0 };
  readonly ttftSeconds = new Histogram(ttftBounds);
  readonly e2eSeconds = new Histogram(e2eBounds);

  /** The metrics in Prometheus text format. */
  text(model: string, slots: Slots): string {
    const labels = `model_name=${JSON.stringify(model)}`;
    const value = (name: string, kind: 'gauge' | 'counter', help: string, count: number) =>
      `${announce(name, kind, help)}vllm:${name}{engine="0",${labels}} ${decimal(count)}\n`;
    const reasons = Object.entries(this.finished).map(([reason, count]) => {
      return `vllm:request_success_total{engine="0",finished_reason="${reason}",${labels}} ${decimal(count)}\n`;
    });
    return [
      value('num_requests_running', 'gauge', 'Number of requests in model execution batches.', slots.running),
      value('num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', slots.waiting),
      value('prefix_cache_queries_total', 'counter', prefixQueriesHelp, this.prefixQueriedTokens),
      value('prefix_cache_hits_total', 'counter', prefixHitsHelp, this.prefixHitTokens),
      value('prompt_tokens_total', 'counter', 'Number of prefill tokens processed.', this.promptTokens),
      value('generation_tokens_total', 'counter', generationHelp, this.generationTokens),
      announce('request_success_total', 'counter', 'Count of successfully processed requests.'),
      ...reasons,
      announce('time_to_first_token_seconds', 'histogram', 'Histogram of time to first token in seconds.'),
      this.ttftSeconds.text('time_to_first_token_seconds', labels),
      announce('e2e_request_latency_seconds', 'histogram', 'Histogram of e2e request latency in seconds.'),
      this.e2eSeconds.text('e2e_request_latency_seconds', labels),
    ].join('');
  }
}

const generationHelp = 'Number of generation tokens processed.';
const prefixQueriesHelp = 'Prefix cache queries, in terms of number of queried tokens.';
const prefixHitsHelp = 'Prefix cache hits, in terms of number of cached tokens.';

/** vLLM's bucket bounds, seconds. */
const ttftBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];
const e2eBounds = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];

class Histogram {
  readonly #bounds: readonly number[];
  /** Counts per bucket, not cumulative; the last is above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.#bounds.length : found;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  text(name: string, labels: string): string {
    let total = 0;
    const lines = this.#counts.map((count, bucket) => {
      total += count;
      const bound = this.#bounds[bucket];
      const le = bound === undefined ? '+Inf' : decimal(bound);
      return `vllm:${name}_bucket{engine="0",le="${le}",${labels}} ${decimal(total)}\n`;
    });
    const end = (what: string, count: number) =>
      `vllm:${name}_${what}{engine="0",${labels}} ${decimal(count)}\n`;
    return lines.join('') + end('count', total) + end('sum', this.#sum);
  }
}

function announce(name: string, kind: string, help: string): string {
  return `# HELP vllm:${name} ${help}\n# TYPE vllm:${name} ${kind}\n`;
}

/** Formats floats like Prometheus' Python client: 3 is `3.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
