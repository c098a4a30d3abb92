import { join } from 'node:path';
import { type ServerResult, serverResult } from '../metrics/server-results.js';
import { type SampleSpan, spanOf } from '../metrics/server-windows.js';
import type { FileKey, RunFiles } from '../run/files.js';
import type { FamilyKind, ScrapedSeries, SeriesHead, ServerSeries } from '../telemetry/server-series.js';
import { messageOf } from '../util/errors.js';
import { writeByPath, writePieces } from '../util/write-whole.js';
import type { ServerMetricsFacts, ServerPhase } from './server-metrics.js';
import { ServerMetricsCsv } from './server-metrics-csv.js';
import { ServerMetricsJson } from './server-metrics-json.js';
import { serverMetricsLines } from './server-metrics-jsonl.js';
import type { ParquetLayout, ParquetSeries } from './server-metrics-parquet.js';
import { ServerMetricsOfPhase } from './server-metrics-phase.js';
import { TextSpill } from './text-spill.js';

/** Formats of `--server-metrics-formats`. */
export type ServerMetricsFormat = 'json' | 'csv' | 'jsonl' | 'parquet';

/** What is wanted, and where. */
export interface ServerMetricsTarget {
  readonly formats: ReadonlySet<ServerMetricsFormat>;
  readonly files: RunFiles;
  /** A folder for a temporary file. */
  readonly spool: string;
}

/** Makes the text of a file from results that come in any order. */
interface ResultFile {
  readonly key: FileKey;
  add(phase: ServerPhase, result: ServerResult): void;
  text(): Iterable<string>;
}

/**
 * Writes the server-metrics files that are wanted; none where no page was read. Series are in memory one at a time.
 * @returns a sentence for each file that could not be written.
 */
export async function writeServerMetrics(
  scraped: ScrapedSeries,
  facts: ServerMetricsFacts,
  { formats, files, spool }: ServerMetricsTarget,
): Promise<string[]> {
  if (facts.sources.every(({ sentNs }) => sentNs.length === 0)) return [];
  const troubles: string[] = [];
  const path = join(spool, 'texts.spool');
  const inProfiling: SeriesHead[] = [];
  let spill: TextSpill | undefined;
  try {
    spill = new TextSpill(path);
    const results = resultFiles(facts, formats, spill);
    for (const series of ofServers(scraped.series())) {
      addSeries(series, facts, results);
      if (profilingSpan(series, facts) !== undefined) inProfiling.push(headOf(series));
    }
    for (const file of results) troubles.push(...writePieces(files[file.key], file.text()));
  } catch (thrown) {
    return [`The server metrics could not be written: ${path}: ${messageOf(thrown)}`];
  } finally {
    spill?.close();
  }
  if (formats.has('jsonl')) {
    const lines = serverMetricsLines(facts, scraped.scrapes());
    troubles.push(...writePieces(files.serverMetricsJsonl, lines));
  }
  if (formats.has('parquet')) {
    const { writeParquet } = await import('./server-metrics-parquet.js');
    const layout = layoutOf(inProfiling);
    const write = (unfinished: string) =>
      writeParquet(unfinished, facts, layout, parquetSeries(scraped, facts));
    troubles.push(...writeByPath(files.serverMetricsParquet, write));
  }
  return troubles;
}

function resultFiles(
  facts: ServerMetricsFacts,
  formats: ReadonlySet<ServerMetricsFormat>,
  spill: TextSpill,
): ResultFile[] {
  const results: ResultFile[] = [];
  if (formats.has('json')) {
    const json = new ServerMetricsJson(facts, spill);
    const add = ({ name }: ServerPhase, result: ServerResult) => json.add(name, result);
    results.push({ key: 'serverMetricsJson', add, text: () => json.text() });
  }
  if (formats.has('csv')) {
    const csv = new ServerMetricsCsv(facts, spill);
    const add = ({ name }: ServerPhase, result: ServerResult) => {
      if (name === 'profiling') csv.add(result);
    };
    results.push({ key: 'serverMetricsCsv', add, text: () => csv.text() });
  }
  if (facts.phases.length < 2) return results;
  for (const phase of facts.phases) {
    const ofPhase = new ServerMetricsOfPhase(facts, phase, spill);
    const add = (other: ServerPhase, result: ServerResult) => {
      if (other === phase) ofPhase.add(result);
    };
    results.push({ key: `${phase.name}ServerMetrics`, add, text: () => ofPhase.text() });
  }
  return results;
}

function addSeries(series: ServerSeries, facts: ServerMetricsFacts, files: readonly ResultFile[]): void {
  for (const phase of facts.phases) {
    const result = serverResult(series, phase, phase.name === 'profiling' ? facts.slices : undefined);
    if (result === undefined) continue;
    for (const file of files) file.add(phase, result);
  }
}

/** Series of profiling, with the samples that get rows. */
function* parquetSeries(scraped: ScrapedSeries, facts: ServerMetricsFacts): Generator<ParquetSeries> {
  for (const series of ofServers(scraped.series())) {
    const span = profilingSpan(series, facts);
    if (span !== undefined) yield { series, span };
  }
}

function profilingSpan(series: ServerSeries, { phases }: ServerMetricsFacts): SampleSpan | undefined {
  const profiling = phases.find(({ name }) => name === 'profiling');
  return profiling && spanOf(series, profiling);
}

/** Without the values, which are many. */
function headOf({ source, family, labels, bounds }: ServerSeries): SeriesHead {
  return { source, family, labels, bounds };
}

function layoutOf(all: readonly SeriesHead[]): ParquetLayout {
  const labels = new Set<string>();
  const families = new Map<string, FamilyKind>();
  for (const head of all) {
    for (const name of Object.keys(head.labels)) labels.add(name);
    families.set(`${head.source.url} ${head.family.name}`, head.family.kind);
  }
  const metrics = { gauge: 0, counter: 0, histogram: 0, unknown: 0 };
  for (const kind of families.values()) metrics[kind]++;
  return { labels, metrics };
}

function* ofServers(all: Iterable<ServerSeries>): Generator<ServerSeries> {
  for (const series of all) if (series.source.of === 'server') yield series;
}
