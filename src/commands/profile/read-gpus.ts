import { type GpuTelemetry, gpuTelemetry } from '../../run/gpu-telemetry.js';
import type { GpuCollector } from '../../telemetry/gpu/gpu-collector.js';
import type { ScrapedSeries } from '../../telemetry/server-series.js';
import type { JsonObject } from '../../util/json.js';

/** What was read of GPUs. */
export interface ReadGpus {
  readonly telemetry: GpuTelemetry;
  /** Sources that were named or answered, and those that answered. */
  readonly configured: readonly string[];
  readonly reached: readonly string[];
  /** Failed reads by their reason, as items of an error summary. */
  readonly errors: readonly JsonObject[];
}

/** What was read where no source was named and none answered. */
export const noGpus: ReadGpus = {
  telemetry: { gpus: [], power: [] },
  configured: [],
  reached: [],
  errors: [],
};

/** Results of the GPUs. @param phase that measured; undefined: there was no request. */
export function readGpus(
  { histories, custom, tools }: Pick<GpuCollector, 'histories' | 'custom' | 'tools'>,
  { sources }: Pick<ScrapedSeries, 'sources'>,
  phase: { readonly startNs: number; readonly endNs: number } | undefined,
): ReadGpus {
  const answered = new Set(histories.map(({ source }) => source));
  const pages = sources.filter(({ of, url, isDefault }) => of === 'gpu' && (answered.has(url) || !isDefault));
  const configured = [...pages.map(({ url }) => url), ...tools.map(({ source }) => source)];
  const { startNs: fromNs, endNs: toNs } = phase ?? { startNs: 0, endNs: 0 };
  return {
    telemetry: gpuTelemetry(histories, custom, { fromNs, toNs }),
    configured,
    reached: configured.filter((source) => answered.has(source)),
    errors: [
      ...pages.flatMap(({ url, failures }) =>
        [...failures].map(([type, count]) => errorItem(type, `${url} could not be read`, count)),
      ),
      ...tools.flatMap(({ source, fault }) =>
        fault === undefined ? [] : [errorItem('ToolError', `${source} ${fault}`, 1)],
      ),
    ],
  };
}

function errorItem(type: string, message: string, count: number): JsonObject {
  return { error_details: { type, message }, count };
}
