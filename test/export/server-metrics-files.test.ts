import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { labelColumns } from '../../src/export/label-columns.js';
import type { ServerMetricsFacts } from '../../src/export/server-metrics.js';
import { type ServerMetricsFormat, writeServerMetrics } from '../../src/export/server-metrics-files.js';
import { filesIn } from '../../src/run/files.js';
import type { ScrapedSeries } from '../../src/telemetry/server-series.js';
import { forgetSecrets, learnSecrets } from '../../src/util/secrets.js';
import { type RecordedSample, type RecordedScrape, scrapedSeries } from './recorded-scrapes.js';

const all: readonly ServerMetricsFormat[] = ['json', 'csv', 'jsonl', 'parquet'];

/** Scrapes at 0, 1, 2 … s. */
function scrapesOf(...pages: readonly (readonly RecordedSample[])[]): RecordedScrape[] {
  return pages.map((samples, i) => ({
    ...{ sentNs: i * 1e9, firstByteNs: i * 1e9 + 1e6, receivedNs: i * 1e9 + 3e6 },
    samples,
  }));
}

/** Writes the files of a run whose profiling lasts from 1.5 s to 3.5 s, after a warm-up from 0.5 s on if there is one. */
async function written(
  scraped: ScrapedSeries,
  { formats = all, warmup = false, folder = mkdtempSync(join(tmpdir(), 'server-metrics-')) } = {},
) {
  const facts: ServerMetricsFacts = {
    ...{ version: '0.1.0', benchmarkId: 'abc', slices: undefined, sources: scraped.sources },
    inputConfig: { models: { items: [{ name: 'm' }] }, phases: [{ kind: 'profiling', rate: 2.5 }] },
    origin: { epochNs: 1_767_225_600_000_000_000n, monotonicNs: 0n },
    phases: [
      ...(warmup ? [{ name: 'warmup' as const, fromNs: 0.5e9, toNs: 1.4e9, wasCancelled: false }] : []),
      { name: 'profiling', fromNs: 1.5e9, toNs: 3.5e9, wasCancelled: false },
    ],
  };
  const files = filesIn(folder, undefined);
  const troubles = await writeServerMetrics(scraped, facts, {
    formats: new Set(formats),
    files,
    spool: folder,
  });
  return { folder, files, troubles };
}

const text = (path: string) => readFileSync(path, 'utf8');
const counter = (name: string, value: number, labels: Record<string, string> = {}): RecordedSample => ({
  name,
  labels,
  values: [value],
});
const counters = {
  a: { type: 'counter', description: 'A, "quoted"' },
  b: { type: 'counter', description: '' },
} as const;

describe('labels', () => {
  const labels = {
    unit: 's',
    Endpoint: 'e',
    text: 'a "b", c\n=d',
    'é.ä': '日本',
    '1': '2',
    avg: '',
    value: '3',
  };
  const page = [counter('a', 1, labels), counter('b', 5, { '0': 'x', model: '=SUM(1)' })];
  const later = [counter('a', 4, labels), counter('b', 5, { '0': 'x', model: '=SUM(1)' })];
  const scraped = scrapedSeries(scrapesOf(page, page, later, later, later), counters);

  test('in JSON as they are', async () => {
    const { files, troubles } = await written(scraped, { formats: ['json'] });
    expect(troubles).toEqual([]);
    const { metrics } = JSON.parse(text(files.serverMetricsJson));
    expect(metrics.a.series).toEqual([
      { endpoint_url: 'http://127.0.0.1:8000/metrics', labels, stats: { total: 3, rate: 1.5 } },
    ]);
    // Sorted, also those that an object would take for numbers.
    expect(text(files.serverMetricsJson)).toMatch(/"1": "2",\n\s+"Endpoint": "e",\n\s+"avg": ""/);
  });

  test('in CSV as columns, with other names where the file has its own', async () => {
    const { files } = await written(scraped, { formats: ['csv'] });
    expect(text(files.serverMetricsCsv).split('#\n')[1]).toBe(
      [
        'Endpoint,Type,Metric,Unit,total,rate,rate_avg,rate_min,rate_max,rate_std,0,model,1,exported_Endpoint,avg,text,unit,value,é.ä,Description',
        '127.0.0.1:8000,counter,a,,3.0000,1.5000,,,,,,,2,e,,"a ""b"", c\n=d",s,3,日本,"A, ""quoted"""',
        "127.0.0.1:8000,counter,b,,0.0000,0.0000,,,,,x,'=SUM(1),,,,,,,,",
        '',
      ].join('\r\n'),
    );
  });

  test('in Parquet likewise', async () => {
    const { files } = await written(scraped, { formats: ['parquet'] });
    const rows = await parquetReadObjects({
      file: new Uint8Array(readFileSync(files.serverMetricsParquet)).buffer,
    });
    expect(rows.map(({ metric_name: name, value }) => [name, value])).toEqual([
      ['a', 3],
      ['a', 3],
      ['a', 3],
      ['b', 0],
      ['b', 0],
      ['b', 0],
    ]);
    expect(rows[0]).toMatchObject({
      ...{ unit: null, exported_unit: 's', exported_value: '3', text: labels.text, 'é.ä': '日本', '0': null },
      timestamp_ns: 1_767_225_602_001_000_000n,
    });
  });

  test('in lines', async () => {
    const { files } = await written(scraped, { formats: ['jsonl'] });
    const lines = text(files.serverMetricsJsonl)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ benchmark_phase: phase }) => phase)).toEqual([
      undefined,
      undefined,
      ...Array(3).fill('profiling'),
    ]);
    expect(lines[2].metrics.a).toEqual([{ labels, value: 4 }]);
  });
});

test('labels that objects inherit are null in Parquet where a series has none', async () => {
  const page = [counter('a', 1, { constructor: 'x' }), counter('b', 1)];
  const { files, troubles } = await written(scrapedSeries(scrapesOf(page, page, page), counters), {
    formats: ['parquet'],
  });
  expect(troubles).toEqual([]);
  const file = new Uint8Array(readFileSync(files.serverMetricsParquet)).buffer;
  const rows = await parquetReadObjects({ file });
  expect(rows.map(({ metric_name: name, constructor: own }) => [name, own])).toEqual([
    ['a', 'x'],
    ['b', null],
  ]);
});

test('no file shows a key that a page shows', async () => {
  const key = 'sk-key-of-the-run-123';
  learnSecrets([key]);
  const labels = { key, [`x ${key}`]: '1', url: 'http://me:pass-of-url@host/' };
  const page = [counter('a', 1, labels), counter(`b ${key}`, 1)];
  const declared = {
    a: { type: 'counter', description: `for ${key}` },
    [`b ${key}`]: { type: 'counter', description: '' },
  } as const;
  const scraped = scrapedSeries(scrapesOf(page, page, page, page, page), declared);
  const { files, troubles } = await written(scraped);
  forgetSecrets();
  expect(troubles).toEqual([]);
  for (const file of ['serverMetricsJson', 'serverMetricsCsv', 'serverMetricsJsonl'] as const)
    expect(text(files[file])).not.toMatch(/key-of-the-run|pass-of-url/);
  const file = new Uint8Array(readFileSync(files.serverMetricsParquet)).buffer;
  const [row] = await parquetReadObjects({ file });
  expect(row).toMatchObject({
    ...{ metric_name: 'a', description: 'for <redacted>', key: '<redacted>', 'x <redacted>': '1' },
    url: 'http://me:<redacted>@host/',
  });
  expect(Buffer.from(file).toString('latin1')).not.toMatch(/key-of-the-run|pass-of-url/);
});

test('columns of labels: those that occur together are side by side, those of one series first', () => {
  expect(
    labelColumns([
      ['engine', 'model'],
      ['engine', 'model', 'reason'],
      ['generation'],
      ['handler', 'method'],
      ['handler'],
      ['generation'],
    ]),
  ).toEqual(['reason', 'engine', 'model', 'generation', 'method', 'handler']);
});

test('several pages: series of one metric by page, files of phases by page', async () => {
  const page = (value: number) => [counter('a', value)];
  const [one, other] = ['http://z:1/metrics', 'http://y:1/metrics'].map((url) =>
    scrapedSeries(scrapesOf(page(1), page(2), page(3), page(5), page(5)), counters, {
      url,
      failures: new Map([['refused', 3]]),
    }),
  );
  if (one === undefined || other === undefined) throw new Error('two pages are expected');
  const down = {
    ...other,
    sources: other.sources.map((source) => ({
      ...source,
      url: 'http://x/metrics',
      sentNs: new Float64Array(0),
    })),
  };
  const scraped: ScrapedSeries = {
    sources: [...one.sources, ...other.sources, ...down.sources],
    heads: () => [...one.heads(), ...other.heads()],
    *series() {
      yield* one.series();
      yield* other.series();
    },
    *scrapes() {
      yield* one.scrapes();
      yield* other.scrapes();
    },
  };
  const { files, folder } = await written(scraped, { formats: ['json'], warmup: true });
  const json = JSON.parse(text(files.serverMetricsJson));
  expect(json.summary.endpoints_configured).toEqual([
    'http://z:1/metrics',
    'http://y:1/metrics',
    'http://x/metrics',
  ]);
  expect(json.summary.endpoints_successful).toEqual(['http://z:1/metrics', 'http://y:1/metrics']);
  expect(Object.keys(json.summary.endpoint_info)).toEqual(['http://y:1/metrics', 'http://z:1/metrics']);
  expect(json.summary.endpoint_info['http://y:1/metrics']).toMatchObject({
    total_fetches: 5,
    unique_updates: 4,
    avg_fetch_latency_ms: 3,
  });
  expect(
    json.metrics.a.series.map(({ endpoint_url: url, stats }: Record<string, unknown>) => [url, stats]),
  ).toEqual([
    ['http://y:1/metrics', { total: 3, rate: 1.5 }],
    ['http://z:1/metrics', { total: 3, rate: 1.5 }],
  ]);
  // From 0 s to the scrape at 2 s, in 0.9 s.
  expect(json.warmup_metrics.a.series[0].stats).toEqual({ total: 2, rate: 2 / 0.9 });
  const { data, phase } = JSON.parse(text(files.warmupServerMetrics));
  expect(phase).toMatchObject({ phase_name: 'warmup', phase_index: 0, profiling_index: null });
  expect(Object.keys(data.endpoint_summaries)).toEqual(['y:1', 'z:1']);
  expect(data.endpoint_summaries['y:1'].metrics.a.series).toEqual([{ stats: { rate: 2 / 0.9, total: 2 } }]);
  expect(data.endpoint_summaries['y:1'].info).toMatchObject({ total_fetches: 1, duration_seconds: 0 });
  expect(data.error_summary).toEqual(Array(3).fill({ count: 3, error_details: { message: 'refused' } }));
  // The temporary file is gone.
  expect(readdirSync(folder).sort()).toEqual(['phases', 'server_metrics_export.json']);
});

test('pages that change their mind: a metric of another kind, buckets that come and go', async () => {
  const buckets = (bounds: readonly string[], values: readonly number[]): RecordedSample => ({
    name: 'h',
    labels: {},
    bounds,
    values,
  });
  const scraped = scrapedSeries(
    scrapesOf(
      [],
      [buckets(['10', '1', '+Inf'], [2, 1, 2, 3, 2])],
      [buckets(['10', '1', '+Inf'], [5, 2, 6, 30, 6])],
      [],
      [],
    ),
    { h: { type: 'histogram', description: 'Time in ms (0 to 1)' } },
  );
  const { files } = await written(scraped, { formats: ['json', 'csv'] });
  const [series] = JSON.parse(text(files.serverMetricsJson)).metrics.h.series;
  // Bounds stay in the order of the page.
  expect(text(files.serverMetricsCsv)).toContain('10=3;1=1;+Inf=4');
  expect(series.stats).toMatchObject({ count: 4, sum: 27, count_rate: 8 });
});

describe('what cannot be written', () => {
  const scraped = scrapedSeries(scrapesOf(...Array(5).fill([counter('a', 1)])), counters);

  test('is said file by file, and the others are there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'server-metrics-'));
    // Folders are in the way.
    for (const name of ['json', 'parquet'])
      mkdirSync(join(folder, `server_metrics_export.${name}`, 'x'), { recursive: true });
    const { files, troubles } = await written(scraped, { folder });
    expect(troubles.map((trouble) => trouble.replace(/could not be written.*/, ''))).toEqual([
      `${files.serverMetricsJson} `,
      `${files.serverMetricsParquet} `,
    ]);
    expect([files.serverMetricsCsv, files.serverMetricsJsonl].map(existsSync)).toEqual([true, true]);
    expect(readdirSync(folder).filter((name) => name.includes('part'))).toEqual([]);
  });

  test('no page was read: no file', async () => {
    const none = {
      ...scraped,
      sources: scraped.sources.map((source) => ({ ...source, sentNs: new Float64Array(0) })),
    };
    const { folder, troubles } = await written(none);
    expect([readdirSync(folder), troubles]).toEqual([[], []]);
  });
});

test('units', async () => {
  const names = {
    'vllm:time_to_first_token_seconds': 'seconds',
    'vllm:num_requests_waiting_by_reason': 'requests',
    'sglang:num_running_reqs': 'requests',
    'vllm:iteration_tokens_total': 'tokens',
    process_resident_memory_bytes: 'bytes',
    cache_ratio: 'ratio',
    gpu_cache_usage_percent: 'percent',
    vllm_n: undefined,
  };
  const scraped = scrapedSeries(
    scrapesOf(...Array(4).fill(Object.keys(names).map((name) => counter(name, 1)))),
    {},
  );
  const { files } = await written(scraped, { formats: ['json'] });
  const { metrics } = JSON.parse(text(files.serverMetricsJson));
  expect(Object.fromEntries(Object.keys(names).map((name) => [name, metrics[name].unit]))).toEqual(names);
});
