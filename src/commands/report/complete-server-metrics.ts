import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { serverMetricsFormats } from '../../config/telemetry-options.js';
import { appendSeries } from '../../export/series-jsonl.js';
import type { ServerMetricsFacts } from '../../export/server-metrics.js';
import { type ServerMetricsFormat, writeServerMetrics } from '../../export/server-metrics-files.js';
import type { PhaseName } from '../../records/record.js';
import { readOwnFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { readPhase } from '../../run/open.js';
import { keptObservations } from '../../telemetry/kept-series.js';
import { leftScrapes } from '../../telemetry/left-scrapes.js';
import { removeScrapeLogs } from '../../telemetry/scrape-logs.js';
import type { ClockOrigin } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import { isObject, type JsonObject } from '../../util/json.js';
import { version } from '../../util/version.js';

const LINE_FEED = 0x0a;

/**
 * Makes the files of server metrics of a run that was killed from what it had read, and adds to its series what is kept
 * of them for charts; removes what it had read then. Its records have to be complete.
 * @returns sentences for the user.
 */
export async function completeServerMetrics(files: RunFiles): Promise<string[]> {
  const notes: string[] = [];
  try {
    const left = leftScrapes(files.telemetrySpool);
    if (left?.scraped.sources.some((source) => source.of === 'server')) {
      const { scraped, origin } = left;
      const facts = factsOf(files, origin);
      const formats = formatsIn(facts.inputConfig);
      const sources = scraped.sources.filter((source) => source.of === 'server');
      if (facts.phases.length > 0) {
        const target = { formats, files, spool: files.telemetrySpool };
        notes.push(...(await writeServerMetrics(scraped, { ...facts, sources }, target)));
        if (existsSync(files.series)) {
          endLastLine(files.series);
          appendSeries(files.series, origin, keptObservations(scraped));
        }
        notes.push('Wrote the server metrics that the run had read.');
      }
    }
    removeScrapeLogs(files.telemetrySpool);
  } catch (thrown) {
    notes.push(`The server metrics that the run had read could not be written: ${messageOf(thrown)}`);
  }
  return notes;
}

/** A line that is cut off must not swallow the next one. */
function endLastLine(path: string): void {
  if (readFileSync(path).at(-1) !== LINE_FEED) appendFileSync(path, '\n');
}

/** What the run said of itself, and its phases by their records. */
function factsOf(files: RunFiles, origin: ClockOrigin): Omit<ServerMetricsFacts, 'sources'> {
  const { benchmarkId = '', inputConfig = {} } = readOwnFacts(files.config);
  const warmup = windowIn(files.warmup, 'warmup', origin);
  const profiling = windowIn(files.records, 'profiling', origin);
  const artifacts = isObject(inputConfig.artifacts) ? inputConfig.artifacts : {};
  const { slice_duration: seconds } = artifacts;
  const phases = [warmup, profiling].flatMap((phase) => phase ?? []);
  return {
    ...{ version, benchmarkId, inputConfig, origin },
    phases: phases.map((phase, i) => ({ ...phase, wasCancelled: i === phases.length - 1 })),
    slices:
      typeof seconds === 'number' && profiling !== undefined
        ? { fromNs: profiling.fromNs, lengthNs: Math.round(seconds * 1e9) }
        : undefined,
  };
}

/** From the first request to the last response of a phase; undefined without one. */
function windowIn(recordsFile: string, name: PhaseName, origin: ClockOrigin) {
  if (!existsSync(recordsFile)) return undefined;
  let first: bigint | undefined;
  let last: bigint | undefined;
  readPhase(recordsFile, name, ({ startNs, endNs = startNs }) => {
    if (first === undefined || startNs < first) first = startNs;
    if (last === undefined || endNs > last) last = endNs;
  });
  if (first === undefined || last === undefined) return undefined;
  const { epochNs } = origin;
  return { name, fromNs: Number(first - epochNs), toNs: Number(last - epochNs) };
}

function formatsIn({ server_metrics: server }: JsonObject): ReadonlySet<ServerMetricsFormat> {
  const { formats } = isObject(server) ? server : {};
  return new Set(serverMetricsFormats.filter((format) => Array.isArray(formats) && formats.includes(format)));
}
