import { appendSeries } from '../../export/series-jsonl.js';
import { type ServerFigures, serverFigures } from '../../metrics/server-figures.js';
import { gpuObservations } from '../../telemetry/gpu/gpu-series.js';
import { keptObservations } from '../../telemetry/kept-series.js';
import type { ScrapedSeries } from '../../telemetry/server-series.js';
import { type ServerSettings, withInfoMetrics } from '../../telemetry/server-settings.js';
import type { TelemetryRead } from '../../telemetry/telemetry-thread.js';
import { type Observation, seriesOf, type TimeSeries } from '../../telemetry/time-series.js';
import type { ClockOrigin } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import { type ReadGpus, readGpus } from './read-gpus.js';
import { type ServerFilesRequest, writeServerFiles } from './server-files.js';

/** A span of the run, ns since the clock's origin. */
export interface TelemetryWindow {
  readonly startNs: number;
  readonly endNs: number;
}

/** What the telemetry thread needs to know of a run that has ended. */
export interface TelemetryRequest {
  /** From the start of the phase to its last response; undefined: there was no request. */
  readonly profiling: TelemetryWindow | undefined;
  readonly warmup: TelemetryWindow | undefined;
  readonly origin: ClockOrigin;
  /** Path of the file of series, which all others have finished; undefined: it is not written. */
  readonly seriesFile: string | undefined;
  readonly server: ServerFilesRequest;
  /** That the run asks for. */
  readonly models: readonly string[];
}

/** What the telemetry thread tells of the servers and GPUs. */
export interface TelemetryResults {
  /** Pages that were configured, and of these, pages that were read. */
  readonly configured: readonly string[];
  readonly reached: readonly string[];
  /** Successful reads of all pages. */
  readonly scrapes: number;
  /** Files that could not be written, and why. */
  readonly fileErrors: readonly string[];
  /** Of the known servers, in the measured phase. */
  readonly servers: readonly ServerFigures[];
  readonly settings: readonly ServerSettings[];
  /** What is kept over time, where no file of series has it; else none. */
  readonly series: readonly TimeSeries[];
  /** Undefined where no GPUs are read. */
  readonly gpu: ReadGpus | undefined;
}

/** Makes the files of server metrics and GPU telemetry, and what the report needs of them. @param settings that were read at the start. */
export async function makeTelemetryResults(
  read: TelemetryRead,
  request: TelemetryRequest,
  settings: readonly ServerSettings[],
): Promise<TelemetryResults> {
  const { scraped, gpus } = read;
  const fileErrors = [...keepSeries(read, request), ...(await writeServerFiles(scraped, request))];
  const reached = scraped.sources.filter(({ sentNs }) => sentNs.length > 0);
  return {
    configured: scraped.sources.map(({ url }) => url),
    reached: reached.map(({ url }) => url),
    scrapes: reached.reduce((sum, { sentNs }) => sum + sentNs.length, 0),
    fileErrors,
    servers: figuresOf(scraped, request),
    settings: withInfoMetrics(settings, scraped),
    series: request.seriesFile === undefined ? seriesOf(kept(read)) : [],
    gpu: gpus && readGpus(gpus, scraped, request.profiling),
  };
}

/** What is kept over time, for charts and explanations. */
function* kept({ scraped, gpus }: TelemetryRead): Iterable<Observation> {
  yield* keptObservations(scraped);
  if (gpus !== undefined) yield* gpuObservations(gpus.histories);
}

/** Adds it to the file of series. @returns why it could not be added. */
function keepSeries(read: TelemetryRead, { seriesFile, origin }: TelemetryRequest): string[] {
  if (seriesFile === undefined) return [];
  try {
    appendSeries(seriesFile, origin, kept(read));
    return [];
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}

function figuresOf(scraped: ScrapedSeries, { profiling, warmup, models }: TelemetryRequest): ServerFigures[] {
  if (profiling === undefined) return [];
  const window = { fromNs: profiling.startNs, toNs: profiling.endNs };
  return serverFigures(scraped, window, { models, warmupEndNs: warmup?.endNs });
}
