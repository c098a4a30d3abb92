import { statSync } from 'node:fs';
import { type GpuPower, gpuPower } from '../metrics/gpu-power.js';
import { type GpuResult, gpuResults } from '../metrics/gpu-results.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { powerResults } from '../metrics/power-metrics.js';
import type { Window } from '../metrics/request-table.js';
import { GpuHistories, type GpuHistory } from '../telemetry/gpu/gpu-history.js';
import { amd, type GpuMetric, gpuMetrics, nvidia, powerNames } from '../telemetry/gpu/gpu-metrics.js';
import { type Gpu, type GpuObservation, gpuOf } from '../telemetry/gpu/gpu-reading.js';
import type { ClockOrigin } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import { isObject, type JsonObject, objectIn } from '../util/json.js';
import { readLines } from '../util/lines.js';
import { recordedConcurrency } from './configuration.js';
import type { RunFacts } from './facts.js';

/** What the GPUs did while a run measured, as plain data. */
export interface GpuTelemetry {
  readonly gpus: readonly GpuResult[];
  readonly power: readonly GpuPower[];
}

/** Results over the phase. @param custom metrics in addition to the known ones. */
export function gpuTelemetry(
  histories: readonly GpuHistory[],
  custom: readonly GpuMetric[],
  phase: Window,
): GpuTelemetry {
  return {
    gpus: gpuResults(histories, [...gpuMetrics, ...custom], phase),
    power: gpuPower(histories, powerNames, phase),
  };
}

/**
 * What the GPUs of a stored run did, from its file; undefined for a run that has none.
 * @param origin what the run's times count from.
 */
export function storedGpuTelemetry(
  path: string,
  { startedAtNs, endedAtNs, gpuConfigured, customGpuMetrics = [] }: RunFacts,
  origin: ClockOrigin,
): GpuTelemetry | undefined {
  const histories = readGpuHistories(path, origin);
  if (histories.length === 0 && gpuConfigured === undefined) return undefined;
  const since = (epochNs = origin.epochNs) => Number(epochNs - origin.epochNs);
  const phase = { fromNs: since(startedAtNs), toNs: since(endedAtNs) };
  return gpuTelemetry(histories, customMetrics(histories, customGpuMetrics), phase);
}

/** Metrics besides the known ones; those that the run does not describe are gauges. */
function customMetrics(
  histories: readonly GpuHistory[],
  described: NonNullable<RunFacts['customGpuMetrics']>,
): readonly GpuMetric[] {
  const known = new Set(gpuMetrics.map(({ name }) => name));
  const names = new Set(histories.flatMap(({ values }) => [...values.keys()]));
  return [...names]
    .filter((name) => !known.has(name))
    .map((name) => {
      const { header = name, unit = 'count', kind } = described.find((one) => one.name === name) ?? {};
      return { name, header, unit, kind: kind === 'counter' ? kind : 'gauge' };
    });
}

/** A summary with the metrics of power and energy; the same where no GPU was measured. */
export function withPower<Summary extends Pick<RunSummary, 'results'>>(
  summary: Summary,
  gpu: GpuTelemetry | undefined,
  facts: RunFacts,
): Summary {
  if (gpu === undefined || gpu.power.length === 0) return summary;
  const { results } = summary;
  const average = ({ tag }: { readonly tag: string }) =>
    results.find((result) => result.tag === tag)?.statistics.avg;
  const power = powerResults(gpu.power, { average, concurrency: recordedConcurrency(facts) });
  return { ...summary, results: [...results, ...power] };
}

/** Metrics by which a GPU shows that it works. */
const workNames = [nvidia.utilization.name, amd.gfxActivity.name];

/**
 * Number of distinct GPUs that worked in the phase: an exporter reports all GPUs of its machine. Undefined for none.
 * Those that report no utilization count.
 */
export function busyGpus({ gpus }: GpuTelemetry): number | undefined {
  const busy = gpus.filter(({ metrics }) => {
    const work = metrics.find(({ name }) => workNames.includes(name))?.statistics.max;
    return work === undefined || work > 0;
  });
  const distinct = new Set(busy.map(({ source, gpu }) => gpu.uuid || `${source} ${gpu.index}`));
  return distinct.size === 0 ? undefined : distinct.size;
}

/**
 * Reads `gpu_telemetry_export.jsonl` of ours or of AIPerf. Lines that are damaged or older than those before are skipped.
 * @param origin what times count from. @returns none where there is no regular file.
 */
export function readGpuHistories(path: string, origin: ClockOrigin): readonly GpuHistory[] {
  const histories = new GpuHistories();
  for (const observation of readGpuObservations(path, origin)) histories.add(observation);
  return histories.all;
}

/** The lines of such a file, as far as they are not damaged. */
export function* readGpuObservations(path: string, origin: ClockOrigin): Iterable<GpuObservation> {
  // Reading a named pipe would block.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  try {
    for (const { text } of readLines(path)) {
      const observation = observationIn(text, origin);
      if (observation !== undefined) yield observation;
    }
  } catch (thrown) {
    // Not UTF-8, or an endless line: what follows cannot be read.
    if (!(thrown instanceof UserError)) throw thrown;
  }
}

function observationIn(text: string, origin: ClockOrigin): GpuObservation | undefined {
  const line = objectIn(text);
  // JSON.parse keeps 53 bits, and epochs in ns have more.
  const digits = /"timestamp_ns":\s*(\d+)/.exec(text)?.[1];
  if (line === undefined || digits === undefined) return undefined;
  const { gpu_index: index, telemetry_source_url: source, telemetry_data: data } = line;
  if (typeof index !== 'number' || typeof source !== 'string' || !isObject(data)) return undefined;
  const values = Object.entries(data).flatMap(([name, value]) =>
    typeof value === 'number' ? [[name, value] as const] : [],
  );
  const reading = { gpu: gpuIn(line, index), values: new Map(values) };
  return { source, atNs: Number(BigInt(digits) - origin.epochNs), readings: [reading] };
}

function gpuIn(line: JsonObject, index: number): Gpu {
  const text = (name: string) => {
    const value = line[name];
    return typeof value === 'string' ? value : '';
  };
  return gpuOf(line.platform === 'amd' ? 'amd' : 'nvidia', index, {
    uuid: text('gpu_uuid'),
    model: text('gpu_model_name'),
    pciBusId: text('pci_bus_id'),
    device: text('device'),
    hostname: text('hostname'),
    namespace: text('namespace'),
    pod: text('pod_name'),
  });
}
