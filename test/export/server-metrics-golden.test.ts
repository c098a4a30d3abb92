import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { ServerMetricsCsv } from '../../src/export/server-metrics-csv.js';
import { ServerMetricsJson } from '../../src/export/server-metrics-json.js';
import { serverMetricsLines } from '../../src/export/server-metrics-jsonl.js';
import { writeParquet } from '../../src/export/server-metrics-parquet.js';
import { ServerMetricsOfPhase } from '../../src/export/server-metrics-phase.js';
import { TextSpill } from '../../src/export/text-spill.js';
import { resultOver, type ServerResult } from '../../src/metrics/server-results.js';
import type { ServerStats } from '../../src/metrics/server-statistics.js';
import type { FamilyKind, ScrapedSource } from '../../src/telemetry/server-series.js';
import { goldenIsThere } from '../metrics/golden.js';
import {
  type Recording,
  readLinesOf,
  readRowsOf,
  scrapedSeries,
  slicesOfAiperf,
  spanOfAiperf,
} from './recorded-scrapes.js';

const goldenOf = (run: string) => new URL(`../../../shared/reference/golden2/${run}/`, import.meta.url);

/** Results over the samples that AIPerf counts. */
function aiperfResults({ scraped, facts: { slices }, firstCounted }: Recording): ServerResult[] {
  return [...scraped.series()].flatMap(
    (series) =>
      resultOver(series, {
        span: spanOfAiperf(series, firstCounted),
        slices: slices && slicesOfAiperf(series, firstCounted, slices.lengthNs),
      }) ?? [],
  );
}

/** Whether a counter or histogram was reset while AIPerf read the odd page: it is 0 there. */
function isReset(kind: unknown, name: unknown, pod: unknown): boolean {
  return (
    (kind === 'counter' || kind === 'histogram') &&
    name !== 'python_gc_objects_collected' &&
    pod !== 'p0' &&
    pod !== 'p2'
  );
}

function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'server-metrics-'));
}

async function parquetOf(path: string | URL) {
  const file = new Uint8Array(readFileSync(path)).buffer;
  const { schema, key_value_metadata: metadata = [], row_groups } = parquetMetadata(file);
  return {
    columns: schema.slice(1),
    metadata,
    groups: row_groups.length,
    rows: await parquetReadObjects({ file }),
  };
}

function textsOf({ facts }: Recording, results: readonly ServerResult[]) {
  const spill = new TextSpill(join(temporary(), 'spill'));
  const [json, csv] = [new ServerMetricsJson(facts, spill), new ServerMetricsCsv(facts, spill)];
  for (const result of results) {
    json.add('profiling', result);
    csv.add(result);
  }
  const texts = { json: [...json.text()].join(''), csv: [...csv.text()].join('') };
  spill.close();
  return texts;
}

describe.runIf(goldenIsThere)('files of the samples that AIPerf counted, to the character', () => {
  test('server-metrics: slices', async () => {
    const folder = goldenOf('server-metrics');
    const recording = await readRowsOf(folder);
    const { json, csv } = textsOf(recording, aiperfResults(recording));
    expect(csv).toBe(readFileSync(new URL('server_metrics_export.csv', folder), 'utf8'));
    const head = (text: string) =>
      text.slice(0, text.indexOf('"input_config"')).replace(/"avg_fetch_latency_ms".*/, '');
    expect(head(json)).toBe(head(readFileSync(new URL('server_metrics_export.json', folder), 'utf8')));
  });

  test('server-metrics-odd: labels that change, untyped metrics; what was reset is 0 there', () => {
    const folder = goldenOf('server-metrics-odd');
    const recording = readLinesOf(folder);
    const results = aiperfResults(recording).map((result): ServerResult => {
      const { family, labels } = result.head;
      const stats = family.kind === 'histogram' ? { count: 0 } : { total: 0, rate: 0 };
      return isReset(family.kind, family.name, labels.pod)
        ? { head: result.head, slices: undefined, stats }
        : result;
    });
    const { json, csv } = textsOf(recording, results);
    expect(csv).toBe(readFileSync(new URL('server_metrics_export.csv', folder), 'utf8'));
    const head = (text: string) => text.slice(0, text.indexOf('"input_config"'));
    expect(head(json)).toBe(head(readFileSync(new URL('server_metrics_export.json', folder), 'utf8')));
  });

  test('server-metrics-odd: lines', () => {
    const folder = goldenOf('server-metrics-odd');
    const { scraped, facts, firstCounted } = readLinesOf(folder);
    const fromNs = scraped.sources[0]?.sentNs[firstCounted] ?? 0;
    const phases = facts.phases.map((phase) => ({ ...phase, fromNs }));
    const text = [...serverMetricsLines({ ...facts, phases }, scraped.scrapes())].join('');
    expect(text).toBe(readFileSync(new URL('server_metrics_export.jsonl', folder), 'utf8'));
  });

  test.each(['server-metrics', 'server-metrics-odd'])('%s: Parquet', async (run) => {
    const folder = goldenOf(run);
    const { scraped, facts } = run === 'server-metrics' ? await readRowsOf(folder) : readLinesOf(folder);
    const path = join(temporary(), 'server.parquet');
    // Here the first byte counts, and the last scrape of all.
    const [source] = scraped.sources;
    const { fromNs } = facts.phases[0] ?? { fromNs: 0 };
    const firstCounted = source?.firstByteNs.findIndex((atNs) => atNs >= fromNs) ?? 0;
    const toNs = source?.firstByteNs.at(-1) ?? 0;
    const all = [...scraped.series()].map((series) => ({ series, span: spanOfAiperf(series, firstCounted) }));
    const labels = new Set(all.flatMap(({ series }) => Object.keys(series.labels)));
    const metrics = { gauge: 3, counter: 4, histogram: 1, unknown: 0 };
    const phases = facts.phases.map((phase) => ({ ...phase, toNs }));
    writeParquet(path, { ...facts, phases }, { labels, metrics }, all);
    const [ours, theirs] = [parquetOf(path), parquetOf(new URL('server_metrics_export.parquet', folder))];
    const [own, other] = [await ours, await theirs];
    const comparable = (row: Record<string, unknown>) => ({
      ...row,
      endpoint_url: 'page',
      ...(run.endsWith('odd') && isReset(row.metric_type, row.metric_name, row.pod)
        ? { value: 0, sum: 0, count: 0, bucket_count: 0 }
        : {}),
    });
    expect(own.columns).toEqual(other.columns);
    expect(own.rows.map(comparable)).toEqual(other.rows.map(comparable));
    expect(own.groups).toBe(1);
    writeParquet(path, { ...facts, phases }, { labels, metrics }, all, 100);
    const inGroups = await parquetOf(path);
    expect(inGroups.groups).toBeGreaterThan(2);
    expect(inGroups.rows).toEqual(own.rows);
    // What differs from run to run or belongs to another language, and addresses that were changed in the JSON.
    const differing = /ARROW|timestamp_utc|hostname|python|pyarrow|input_config|endpoint_urls|metric_.*count/;
    const keys = ({ metadata }: typeof own) =>
      metadata.map(({ key }) => key).filter((key) => key !== 'ARROW:schema');
    expect(keys(own)).toEqual(keys(other));
    const fixed = ({ metadata }: typeof own) => metadata.filter(({ key }) => !differing.test(key));
    expect(fixed(own)).toEqual(fixed(other));
  });

  test('server-metrics-warmup: the file of the phase, from the statistics in the JSON', () => {
    const folder = goldenOf('server-metrics-warmup');
    const path = 'phases/warmup/server_metrics.json';
    const golden = readFileSync(new URL(path, folder), 'utf8');
    const { benchmark_id: benchmarkId, warmup_metrics: metrics } = JSON.parse(
      readFileSync(new URL('server_metrics_export.json', folder), 'utf8'),
    );
    const at = { sentNs: 1e9, firstByteNs: 1e9, receivedNs: 1e9 };
    const changing = [0, 1, 2].map((value) => ({
      ...at,
      samples: [{ name: 'a', labels: {}, values: [value] }],
    }));
    const scraped = scrapedSeries(changing, {});
    const phase = { name: 'warmup' as const, fromNs: 0, toNs: 2e9, wasCancelled: false };
    const facts = {
      ...{ version: '', benchmarkId, inputConfig: {}, sources: scraped.sources, slices: undefined },
      ...{
        origin: { epochNs: 0n, monotonicNs: 0n },
        phases: [phase, { ...phase, name: 'profiling' as const }],
      },
    };
    const spill = new TextSpill(join(temporary(), 'spill'));
    const file = new ServerMetricsOfPhase(facts, phase, spill);
    for (const [name, { type, description, series }] of Object.entries<Metric>(metrics)) {
      const family = { name, kind: type, help: description, isInfo: false };
      // The page has `stop` before `length`, the JSON sorts them.
      for (const { labels, stats, buckets } of series.toReversed()) {
        const bounds = Object.keys(buckets ?? {});
        const head = { source: scraped.sources[0] as ScrapedSource, family, labels, bounds };
        file.add({ head, stats, slices: undefined, ...(buckets && { buckets: Object.values(buckets) }) });
      }
    }
    const shape = (text: string) => text.replace(/("\w+_(ns|ms|seconds|fetches|updates)"): [\d.]+/g, '$1');
    const text = [...file.text()].join('');
    spill.close();
    expect(shape(text)).toBe(shape(golden));
  });
});

interface Metric {
  readonly type: FamilyKind;
  readonly description: string;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly stats: ServerStats;
    readonly buckets?: Readonly<Record<string, number>>;
  }[];
}
