import { describe, expect, it } from 'vitest';
import { serverFigures } from '../../src/metrics/server-figures.js';
import { keptMetric } from '../../src/telemetry/known-servers.js';
import type { ScrapedSource, ServerSeries } from '../../src/telemetry/server-series.js';

const window = { fromNs: 10, toNs: 40 };

function page(url: string, sentNs: readonly number[]): ScrapedSource {
  const times = Float64Array.from(sentNs);
  return {
    url,
    of: 'server',
    isDefault: false,
    sentNs: times,
    firstByteNs: times,
    receivedNs: times,
    changed: new Uint8Array(times.length),
    failures: new Map(),
  };
}

/** A series in a page's scrapes from `first` on. */
function series(
  source: ScrapedSource,
  kind: 'counter' | 'gauge',
  name: string,
  values: readonly number[],
  labels: Readonly<Record<string, string>> = {},
  first = 0,
): ServerSeries {
  return {
    source,
    family: { name, kind, help: '', isInfo: false },
    labels,
    bounds: [],
    scrapes: Uint32Array.from(values, (_, i) => first + i),
    values: Float64Array.from(values),
  };
}

function histogram(source: ScrapedSource, name: string, rows: readonly (readonly number[])[]): ServerSeries {
  return {
    ...series(source, 'counter', name, rows.flat()),
    family: { name, kind: 'histogram', help: '', isInfo: false },
    bounds: ['0.1', '0.2', '+Inf'],
    scrapes: Uint32Array.from(rows, (_, i) => i),
  };
}

function scraped(...all: readonly ServerSeries[]) {
  return { sources: [...new Set(all.map(({ source }) => source))], heads: () => all, series: () => all };
}

describe('serverFigures', () => {
  const main = page('http://a/metrics', [0, 9, 20, 30, 41]);

  it('counts growth from the last sample before the phase to the last of all', () => {
    const [figures] = serverFigures(
      scraped(
        series(main, 'counter', 'vllm:prompt_tokens', [5, 7, 17, 27, 37], { engine: '0' }),
        series(main, 'counter', 'vllm:prompt_tokens', [100, 100, 101, 102, 103], { engine: '1' }),
        series(main, 'counter', 'vllm:request_success', [1, 1, 2, 3, 4], { finished_reason: 'length' }),
        // Not on the page before its first request: it grew from 0.
        series(main, 'counter', 'vllm:request_success', [1, 2], { finished_reason: 'abort' }, 3),
      ),
      window,
      { models: ['m'], warmupEndNs: undefined },
    );
    expect(figures).toMatchObject({
      id: 'vllm',
      urls: ['http://a/metrics'],
      gaps: [],
      counts: { promptTokens: 33, finished: 5 },
      reasons: { length: 3, abort: 2 },
    });
  });

  it('takes means and maxima of gauges within the phase, summed over engines and pages', () => {
    const other = page('http://b/metrics', [2, 12, 22, 32, 42]);
    const [figures] = serverFigures(
      scraped(
        series(main, 'gauge', 'vllm:num_requests_running', [99, 99, 4, 6, 99], { engine: '0' }),
        series(main, 'gauge', 'vllm:num_requests_running', [99, 99, 1, 1, 99], { engine: '1' }),
        series(other, 'gauge', 'vllm:num_requests_running', [99, 3, 3, 5, 99]),
        series(main, 'gauge', 'vllm:kv_cache_usage_perc', [0, 0, 0.5, 0.7, 0]),
        series(other, 'gauge', 'vllm:kv_cache_usage_perc', [0, 0.1, 0.2, 0.9, 0]),
      ),
      window,
      { models: [], warmupEndNs: undefined },
    );
    // At 20: 5 + 3, at 22: 5 + 3, at 30: 7 + 3, at 32: 7 + 5.
    expect(figures?.gauges.running).toEqual({ mean: 9.5, max: 12 });
    expect(figures?.gauges.kvCacheUsage?.mean).toBeCloseTo((0.6 + 0.4) / 2, 12);
    expect(figures?.gauges.kvCacheUsage?.max).toBe(0.9);
    expect(figures?.gauges.waiting).toBeUndefined();
  });

  it('prefers the name of newer versions, and leaves out models that the run does not use', () => {
    const [figures] = serverFigures(
      scraped(
        series(main, 'counter', 'vllm:gpu_prefix_cache_queries', [0, 0, 0, 0, 999], { model_name: 'm' }),
        series(main, 'counter', 'vllm:prefix_cache_queries', [0, 0, 10, 20, 40], { model_name: 'm' }),
        series(main, 'counter', 'vllm:prefix_cache_hits', [0, 0, 2, 5, 10], { model_name: 'm' }),
        series(main, 'counter', 'vllm:prefix_cache_hits', [0, 0, 2, 5, 77], { model_name: 'other' }),
      ),
      window,
      { models: ['m'], warmupEndNs: undefined },
    );
    expect(figures?.cacheHitRate).toBe(0.25);
  });

  it('measures how drafts were accepted in the phase, over engines', () => {
    const draft = (name: string, engine: string, values: readonly number[]) =>
      series(main, 'counter', `vllm:spec_decode_num_${name}`, values, { engine });
    const counters = [
      draft('drafts', '0', [10, 10, 15, 20, 30]),
      draft('drafts', '1', [0, 0, 5, 10, 20]),
      draft('draft_tokens', '0', [30, 30, 45, 60, 90]),
      draft('draft_tokens', '1', [0, 0, 15, 30, 60]),
      draft('accepted_tokens', '0', [9, 9, 19, 29, 39]),
      draft('accepted_tokens', '1', [0, 0, 10, 20, 40]),
    ];
    const [figures] = serverFigures(scraped(...counters), window, { models: [], warmupEndNs: undefined });
    // 40 drafts of 3 tokens, 70 of 120 tokens accepted.
    expect(figures?.speculation).toEqual({ acceptanceLength: 2.75, acceptanceRate: 70 / 120 });
    const [idle] = serverFigures(
      scraped(...counters.map((one) => ({ ...one, values: one.values.fill(0) }))),
      window,
      { models: [], warmupEndNs: undefined },
    );
    expect(idle?.speculation).toBeUndefined();
  });

  it('takes the acceptance length of SGLang as it is reported', () => {
    const gauge = (values: readonly number[]) => series(main, 'gauge', 'sglang:spec_accept_length', values);
    const of = (values: readonly number[]) =>
      serverFigures(scraped(gauge(values)), window, { models: [], warmupEndNs: undefined })[0]?.speculation;
    expect(of([9, 9, 2, 3, 9])).toEqual({ acceptanceLength: 2.5, acceptanceRate: undefined });
    expect(of([0, 0, 0, 0, 0])).toBeUndefined();
  });

  it('takes only rank 0 of ranks that report the same requests', () => {
    const [figures] = serverFigures(
      scraped(
        series(main, 'gauge', 'sglang:num_running_reqs', [0, 0, 4, 4, 0], { tp_rank: '0' }),
        series(main, 'gauge', 'sglang:num_running_reqs', [0, 0, 4, 4, 0], { tp_rank: '1' }),
      ),
      window,
      { models: [], warmupEndNs: undefined },
    );
    expect(figures?.gauges.running).toEqual({ mean: 4, max: 4 });
  });

  it('estimates percentiles from the growth of histograms, in ms', () => {
    const [figures] = serverFigures(
      scraped(
        histogram(main, 'vllm:time_to_first_token_seconds', [
          [1, 1, 1, 0.05, 1],
          [1, 1, 1, 0.05, 1],
          [1, 1, 1, 0.05, 1],
          [2, 2, 2, 0.1, 2],
          [3, 5, 6, 1.25, 6],
        ]),
      ),
      window,
      { models: [], warmupEndNs: undefined },
    );
    const { count, mean, p50, p99, isPerRequest } = figures?.latencies.ttft ?? {};
    expect({ count, isPerRequest }).toEqual({ count: 5, isPerRequest: false });
    expect(mean).toBeCloseTo(240, 9);
    // Two observations in each bucket, evenly, and one of what the sum leaves: 25, 75, 125, 175 and 800 ms.
    expect(p50).toBeCloseTo(125, 9);
    expect(p99).toBeCloseTo(175 + 0.96 * 625, 9);
  });

  it('says for which pages and why counts may not be those of the phase', () => {
    const late = page('http://late/metrics', [12, 50]);
    const early = page('http://early/metrics', [0, 30]);
    const [figures] = serverFigures(
      scraped(
        series(late, 'counter', 'vllm:generation_tokens', [5, 9]),
        series(early, 'counter', 'vllm:generation_tokens', [50, 8]),
      ),
      window,
      { models: [], warmupEndNs: undefined },
    );
    // A restarted server grew from 0.
    expect(figures?.counts.generationTokens).toBe(4 + 8);
    expect(figures?.gaps).toEqual([
      'http://late/metrics was not read before the first request',
      'http://early/metrics was not read after the last response',
      'counters dropped: the server restarted, or several servers answer at one URL',
    ]);
  });

  it('says which pages of servers of the load could not be read', () => {
    const { sources, ...all } = scraped(series(main, 'counter', 'vllm:prompt_tokens', [0, 5, 5, 5, 9]));
    const [missing, gpus, named] = [
      { ...page('http://b/metrics', []), isDefault: true },
      { ...page('http://localhost:9400/metrics', []), of: 'gpu', isDefault: true } as const,
      page('http://router/metrics', []),
    ];
    const run = { models: [], warmupEndNs: undefined };
    const gaps = (...more: ScrapedSource[]) =>
      serverFigures({ ...all, sources: [...sources, ...more] }, window, run)[0]?.gaps;
    expect(gaps(gpus, named)).toEqual([]);
    expect(gaps(missing, gpus)).toEqual(['http://b/metrics could not be read']);
  });

  it('says so where the last scrape before the phase came too early to leave the warm-up out', () => {
    const tokens = scraped(series(main, 'counter', 'vllm:prompt_tokens', [0, 5, 5, 5, 9]));
    const gaps = (warmupEndNs: number) => serverFigures(tokens, window, { models: [], warmupEndNs })[0]?.gaps;
    expect(gaps(9)).toEqual([]);
    expect(gaps(9.5)).toEqual(['http://a/metrics was not read between warm-up and first request']);
  });

  it('knows Triton by its engine metrics, and counts requests of the engine only', () => {
    const [figures] = serverFigures(
      scraped(
        series(main, 'counter', 'nv_inference_request_success', [0, 0, 1, 2, 3], { model: 'ensemble' }),
        series(main, 'counter', 'nv_inference_request_success', [0, 0, 1, 2, 3], { model: 'tensorrt_llm' }),
        series(main, 'gauge', 'nv_trt_llm_request_metrics', [0, 0, 2, 4, 0], { request_type: 'waiting' }),
      ),
      window,
      { models: [], warmupEndNs: undefined },
    );
    expect(figures).toMatchObject({
      id: 'triton-trtllm',
      counts: { finished: 3 },
      gauges: { waiting: { mean: 3, max: 4 } },
    });
  });

  it('finds nothing on pages of unknown servers', () => {
    const unknown = scraped(series(main, 'counter', 'my_requests', [0, 0, 1, 2, 3]));
    expect(serverFigures(unknown, window, { models: [], warmupEndNs: undefined })).toEqual([]);
  });
});

describe('keptMetric', () => {
  it.each([
    ['vllm:num_requests_waiting', { engine: '0' }, 'server_requests_waiting'],
    ['vllm:gpu_cache_usage_perc', {}, 'server_kv_cache_usage'],
    ['sglang:num_queue_reqs', { tp_rank: '0' }, 'server_requests_waiting'],
    ['sglang:num_queue_reqs', { tp_rank: '3' }, undefined],
    ['nv_trt_llm_request_metrics', { request_type: 'waiting' }, 'server_requests_waiting'],
    ['nv_trt_llm_request_metrics', { request_type: 'max' }, undefined],
    ['vllm:time_to_first_token_seconds', {}, undefined],
    ['process_open_fds', {}, undefined],
  ] as const)('%s %o is kept as %s', (family, labels, name) => {
    expect(keptMetric(family, labels)?.name).toBe(name);
  });
});
