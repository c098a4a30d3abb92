import { readFileSync } from 'node:fs';
import { parquetReadObjects } from 'hyparquet';
import type { ServerMetricsFacts } from '../../src/export/server-metrics.js';
import type { SampleSpan, SliceSpan } from '../../src/metrics/server-windows.js';
import type {
  FamilyKind,
  Scrape,
  ScrapedSeries,
  ScrapedSource,
  SeriesHead,
  ServerSeries,
} from '../../src/telemetry/server-series.js';

/** A page as it was read once. */
export interface RecordedScrape {
  readonly sentNs: number;
  readonly firstByteNs: number;
  readonly receivedNs: number;
  readonly samples: readonly RecordedSample[];
}

export interface RecordedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One value; of a histogram cumulative buckets, sum and count. */
  readonly values: readonly number[];
  readonly bounds?: readonly string[];
}

/** What pages declare of each metric. */
export type Declared = Readonly<Record<string, { readonly type: FamilyKind; readonly description: string }>>;

/** Scrapes of one page as what a collection leaves. */
export function scrapedSeries(
  scrapes: readonly RecordedScrape[],
  declared: Declared,
  { url = 'http://127.0.0.1:8000/metrics', failures = new Map<string, number>() } = {},
): ScrapedSeries {
  const times = (of: (scrape: RecordedScrape) => number) => Float64Array.from(scrapes, of);
  const source: ScrapedSource = {
    ...{ url, of: 'server', isDefault: true, failures },
    sentNs: times(({ sentNs }) => sentNs),
    firstByteNs: times(({ firstByteNs }) => firstByteNs),
    receivedNs: times(({ receivedNs }) => receivedNs),
    changed: Uint8Array.from(scrapes, ({ samples }, i) =>
      JSON.stringify(samples) === JSON.stringify(scrapes[i - 1]?.samples) ? 0 : 1,
    ),
  };
  const found = new Map<string, { head: SeriesHead; scrapes: number[]; values: number[] }>();
  const keyOf = ({ name, labels }: RecordedSample) => JSON.stringify([name, labels]);
  for (const [i, { samples }] of scrapes.entries()) {
    for (const sample of samples) {
      const { name, labels, values, bounds = [] } = sample;
      const { type, description } = declared[name] ?? { type: 'gauge' as const, description: '' };
      const isInfo = type === 'gauge' && name.endsWith('_info');
      const family = { name, kind: type, help: description, isInfo };
      const series = found.get(keyOf(sample)) ?? {
        head: { source, family, labels, bounds },
        scrapes: [],
        values: [],
      };
      found.set(keyOf(sample), series);
      series.scrapes.push(i);
      series.values.push(...values);
    }
  }
  return {
    sources: [source],
    heads: () => [...found.values()].map(({ head }) => head),
    *series() {
      for (const { head, scrapes, values } of found.values()) {
        yield { ...head, scrapes: Uint32Array.from(scrapes), values: Float64Array.from(values) };
      }
    },
    *scrapes(): Generator<Scrape> {
      for (const [index, { samples }] of scrapes.entries()) {
        yield {
          source,
          index,
          samples: samples.flatMap((sample) => {
            const series = found.get(keyOf(sample))?.head;
            return series === undefined ? [] : [{ series, values: Float64Array.from(sample.values) }];
          }),
        };
      }
    },
  };
}

/** A recorded run of AIPerf. */
export interface Recording {
  readonly scraped: ScrapedSeries;
  readonly facts: ServerMetricsFacts;
  /** The first scrape that AIPerf counted, by index. */
  readonly firstCounted: number;
}

const info: RecordedSample = {
  name: 'vllm:cache_config_info',
  labels: { block_size: '16', cache_dtype: 'auto' },
  values: [1],
};

/** What AIPerf read in a run that kept every scrape as lines. */
export function readLinesOf(folder: URL): Recording {
  return recordingOf(
    folder,
    readFileSync(new URL('server_metrics_export.jsonl', folder), 'utf8').trim().split('\n').map(scrapeIn),
  );
}

/** What AIPerf read in a run whose lines were cut: its first two scrapes are lines, the others rows of its Parquet. */
export async function readRowsOf(folder: URL): Promise<Recording> {
  const lines = readFileSync(new URL('server_metrics_export.jsonl', folder), 'utf8')
    .trim()
    .split('\n')
    .slice(0, 2);
  const [base, second] = lines.map(scrapeIn);
  if (base === undefined || second === undefined) throw new Error('two lines are expected');
  const file = readFileSync(new URL('server_metrics_export.parquet', folder));
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer });
  const times = [...new Set(rows.map((row) => row.timestamp_ns as bigint))].sort();
  // The rows are growth since the first line.
  const others = times.slice(1).map((time): RecordedScrape => {
    const own = rows.filter((row) => row.timestamp_ns === time);
    const samples = base.samples.map(({ name, labels, values, bounds }): RecordedSample => {
      const mine = own.filter(
        (row) =>
          row.metric_name === name && Object.entries(labels).every(([label, value]) => row[label] === value),
      );
      const at = (column: string) => Number(mine[0]?.[column]);
      if (bounds === undefined) {
        const before = mine[0]?.metric_type === 'counter' ? (values[0] ?? 0) : 0;
        return { name, labels, values: [before + at('value')] };
      }
      const buckets = mine.map((row, i) => (values[i] ?? 0) + Number(row.bucket_count));
      const [sum = 0, count = 0] = values.slice(bounds.length);
      // The page has one decimal.
      return {
        name,
        labels,
        bounds,
        values: [...buckets, Math.round((sum + at('sum')) * 10) / 10, count + at('count')],
      };
    });
    const atNs = Number(time - epochNs);
    return { sentNs: atNs - 1e6, firstByteNs: atNs, receivedNs: atNs, samples };
  });
  return recordingOf(folder, [base, second, ...others]);
}

// Of all recordings: 2026-11-29T07:20:00Z.
const epochNs = 1_795_936_800_000_000_000n;

function recordingOf(folder: URL, scrapes: readonly RecordedScrape[]): Recording {
  const json = JSON.parse(readFileSync(new URL('server_metrics_export.json', folder), 'utf8'));
  const [range = ''] =
    /"phase_time_ranges":[^}]*/.exec(readFileSync(new URL('server_metrics_export.json', folder), 'utf8')) ??
    [];
  const [fromNs = 0, toNs = 0] = (range.match(/\d{19}/g) ?? []).map((digits) =>
    Number(BigInt(digits) - epochNs),
  );
  const slice = json.input_config.artifacts.slice_duration;
  // Infos are in no line.
  const withInfo = scrapes.map((scrape) => {
    const at = scrape.samples.findIndex(({ name }) => name.startsWith('python'));
    return { ...scrape, samples: scrape.samples.toSpliced(at, 0, info) };
  });
  const scraped = scrapedSeries(withInfo, json.metrics);
  return {
    scraped,
    firstCounted: 2,
    facts: {
      version: json.aiperf_version,
      benchmarkId: json.benchmark_id,
      inputConfig: json.input_config,
      origin: { epochNs, monotonicNs: 0n },
      sources: scraped.sources,
      phases: [{ name: 'profiling', fromNs, toNs, wasCancelled: false }],
      slices: slice === undefined ? undefined : { fromNs, lengthNs: slice * 1e9 },
    },
  };
}

/** A line of `server_metrics_export.jsonl`. */
function scrapeIn(line: string): RecordedScrape {
  const { metrics, endpoint_latency_ns: latency } = JSON.parse(line);
  const nsOf = (key: string) => Number(BigInt(new RegExp(`"${key}":(\\d+)`).exec(line)?.[1] ?? 0) - epochNs);
  const sentNs = nsOf('request_sent_ns');
  const samples = Object.entries<Record<string, unknown>[]>(metrics).flatMap(([name, all]) =>
    all.map((series): RecordedSample => sampleIn(name, series, line)),
  );
  return { sentNs, firstByteNs: nsOf('first_byte_ns'), receivedNs: sentNs + latency, samples };
}

function sampleIn(name: string, series: Record<string, unknown>, line: string): RecordedSample {
  const labels = (series.labels ?? {}) as Record<string, string>;
  if (!('buckets' in series)) return { name, labels, values: [Number(series.value)] };
  // In the order of the file, which an object with integers as keys does not keep.
  const [, text = ''] = /"buckets":\{([^}]*)\}/.exec(line) ?? [];
  const pairs = [...text.matchAll(/"([^"]*)":([\d.]+)/g)].map(
    ([, bound = '', count]) => [bound, Number(count)] as const,
  );
  return {
    ...{ name, labels, bounds: pairs.map(([bound]) => bound) },
    values: [...pairs.map(([, count]) => count), Number(series.sum), Number(series.count)],
  };
}

/**
 * The samples that AIPerf counts: from a scrape to the last of all, growth since the one before, times by first byte.
 */
export function spanOfAiperf(series: ServerSeries, firstCounted: number): SampleSpan {
  const first = series.scrapes.findIndex((scrape) => scrape >= firstCounted);
  const final = series.scrapes.length - 1;
  const reference = Math.max(first - 1, 0);
  return { first, end: final + 1, reference, final, seconds: secondsBetween(series, reference, final) };
}

/** Its slices: from the first counted sample on, growth between the last samples at their borders. */
export function slicesOfAiperf(series: ServerSeries, firstCounted: number, sliceNs: number): SliceSpan[] {
  const { reference } = spanOfAiperf(series, firstCounted);
  const times = series.source.firstByteNs;
  const [fromNs = 0, lastNs = 0] = [times[firstCounted], times.at(-1)];
  return Array.from({ length: Math.ceil((lastNs - fromNs) / sliceNs) }, (_, index): SliceSpan => {
    const startNs = fromNs + index * sliceNs;
    const isComplete = startNs + sliceNs <= lastNs;
    const endNs = Math.min(startNs + sliceNs, lastNs);
    const upTo = (atNs: number) =>
      Math.max(
        reference,
        series.scrapes.findLastIndex((scrape) => (times[scrape] ?? 0) <= atNs),
      );
    const inside = (scrape: number) =>
      (times[scrape] ?? 0) >= startNs && ((times[scrape] ?? 0) < endNs || !isComplete);
    const first = series.scrapes.findIndex(inside);
    const end = series.scrapes.findLastIndex(inside) + 1;
    const span = {
      first,
      end,
      reference: upTo(startNs),
      final: upTo(endNs),
      seconds: (endNs - startNs) / 1e9,
    };
    return { fromNs: startNs, toNs: endNs, isComplete, span };
  });
}

function secondsBetween({ source, scrapes }: ServerSeries, from: number, to: number): number {
  const at = (i: number) => source.firstByteNs[scrapes[i] ?? 0] ?? 0;
  return (at(to) - at(from)) / 1e9;
}
