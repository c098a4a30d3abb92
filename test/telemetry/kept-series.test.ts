import { expect, test } from 'vitest';
import { keptObservations } from '../../src/telemetry/kept-series.js';
import type { ScrapedSource, ServerSeries } from '../../src/telemetry/server-series.js';

function page(url: string, sentNs: readonly number[]): ScrapedSource {
  const times = Float64Array.from(sentNs);
  return {
    ...{ url, of: 'server', isDefault: true, failures: new Map() },
    ...{ sentNs: times, firstByteNs: times, receivedNs: times, changed: new Uint8Array(times.length) },
  };
}

function series(
  source: ScrapedSource,
  name: string,
  values: readonly number[],
  rest: Partial<ServerSeries> = {},
): ServerSeries {
  return {
    ...{ source, labels: {}, bounds: [], scrapes: Uint32Array.from(values.keys()) },
    family: { name, kind: 'gauge', help: '', isInfo: false },
    values: Float64Array.from(values),
    ...rest,
  };
}

/** Observations as text: source, time, and each value with its metric. */
function kept(all: readonly ServerSeries[], most?: number): string[] {
  return Array.from(keptObservations({ series: () => all }, most), ({ source, atNs, samples }) =>
    [source, atNs, ...samples.map(({ metric, value }) => `${metric.name}=${value}`)].join(' '),
  );
}

const [a, b] = [page('a', [10, 20, 30, 40, 50]), page('b', [15])];

test('one observation for each scrape of a source, of the metrics that are kept', () => {
  expect(
    kept([
      series(a, 'vllm:num_requests_running', [1, 2, 3], { scrapes: Uint32Array.of(0, 1, 4) }),
      series(a, 'process_open_fds', [9, 9, 9, 9, 9]),
      series(a, 'vllm:kv_cache_usage_perc', [0.25], { scrapes: Uint32Array.of(1) }),
      // The same figure under its older name.
      series(a, 'vllm:gpu_cache_usage_perc', [0.5], { scrapes: Uint32Array.of(1) }),
      series(b, 'sglang:num_queue_reqs', [7]),
    ]),
  ).toEqual([
    'a 10 server_requests_running=1',
    'a 20 server_requests_running=2 server_kv_cache_usage=0.25',
    'a 50 server_requests_running=3',
    'b 15 server_requests_waiting=7',
  ]);
});

test('the sum of a histogram counts its tokens', () => {
  // Two buckets, sum and count of each scrape.
  const values = [1, 1, 30, 1, 2, 3, 70, 3];
  const [observation] = keptObservations({
    series: () => [
      series(page('tgi', [10, 20]), 'tgi_request_generated_tokens', values, {
        ...{ bounds: ['1', '+Inf'], scrapes: Uint32Array.of(0, 1) },
        labels: { model_id: 'm' },
      }),
    ],
  });
  expect(observation).toEqual({
    ...{ source: 'tgi', atNs: 10 },
    samples: [
      {
        metric: { name: 'server_generation_tokens', unit: 'tokens', kind: 'counter' },
        ...{ labels: { model_id: 'm' }, value: 30 },
      },
    ],
  });
});

test('of too many scrapes, neighbours share an observation', () => {
  expect(
    kept(
      [
        series(a, 'vllm:num_requests_waiting', [1, 2, 3, 5, 6]),
        series(a, 'vllm:num_preemptions', [0, 4, 6], { scrapes: Uint32Array.of(0, 1, 4) }),
      ],
      2,
    ),
    // Three and two scrapes.
  ).toEqual([
    'a 30 server_requests_waiting=2 server_preemptions=4',
    'a 50 server_requests_waiting=5.5 server_preemptions=6',
  ]);
});
