import type { ServerMetricsFacts, ServerPhase } from '../../export/server-metrics.js';
import type { ServerMetricsFormat } from '../../export/server-metrics-files.js';
import type { PhaseName } from '../../records/record.js';
import type { RunFiles } from '../../run/files.js';
import type { ScrapedSeries } from '../../telemetry/server-series.js';
import type { TelemetryRequest, TelemetryWindow } from './telemetry-results.js';

/** What the files of server metrics need to know of a run. */
export interface ServerFilesRequest
  extends Pick<ServerMetricsFacts, 'version' | 'benchmarkId' | 'inputConfig' | 'slices'> {
  readonly formats: readonly ServerMetricsFormat[];
  readonly files: RunFiles;
  /** The run was ended early. */
  readonly wasCancelled: boolean;
}

/**
 * Writes the files of server metrics; what makes them is loaded only if a page of a server was read.
 * @returns a sentence for each that could not be written.
 */
export async function writeServerFiles(scraped: ScrapedSeries, request: TelemetryRequest): Promise<string[]> {
  const { formats, files, wasCancelled, ...facts } = request.server;
  const { origin } = request;
  const sources = scraped.sources.filter((source) => source.of === 'server');
  const phases = phasesOf(request, wasCancelled);
  if (phases.length === 0 || sources.every(({ sentNs }) => sentNs.length === 0)) return [];
  const { writeServerMetrics } = await import('../../export/server-metrics-files.js');
  return writeServerMetrics(
    scraped,
    { ...facts, origin, sources, phases },
    { formats: new Set(formats), files, spool: files.telemetrySpool },
  );
}

/** The phases that sent something, in their order. */
function phasesOf({ warmup, profiling }: TelemetryRequest, wasCancelled: boolean): ServerPhase[] {
  const sent: readonly (readonly [PhaseName, TelemetryWindow | undefined])[] = [
    ['warmup', warmup],
    ['profiling', profiling],
  ];
  const phases = sent.flatMap(([name, window]) =>
    window === undefined ? [] : [{ name, fromNs: window.startNs, toNs: window.endNs }],
  );
  return phases.map((phase, i) => ({ ...phase, wasCancelled: wasCancelled && i === phases.length - 1 }));
}
