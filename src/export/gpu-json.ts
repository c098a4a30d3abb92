import { powerNotes } from '../metrics/gpu-notes.js';
import type { GpuResult } from '../metrics/gpu-results.js';
import { sourceName } from '../metrics/source-name.js';
import { type RunFacts, telemetryMembers } from '../run/facts.js';
import type { GpuTelemetry } from '../run/gpu-telemetry.js';
import type { Printable } from '../util/python-json.js';
import { statisticMembers } from './summary-json.js';

/** The member `telemetry_data` of a summary file. */
export function telemetryData({ gpus, power }: GpuTelemetry, facts: RunFacts): Printable {
  const { summary, error_summary = [], gpu_count } = telemetryMembers(facts);
  const sources = [...new Set(gpus.map(({ source }) => source))];
  const notes = power.flatMap(powerNotes);
  return {
    summary,
    endpoints: Object.fromEntries(
      sources.map((source) => [
        sourceName(source),
        { gpus: gpuMembers(gpus.filter((gpu) => gpu.source === source)) },
      ]),
    ),
    error_summary,
    gpu_count,
    notes: notes.length === 0 ? undefined : notes,
  };
}

/** The GPUs of one source, by index; a second one of an index by its UUID as well. */
function gpuMembers(gpus: readonly GpuResult[]): Record<string, Printable> {
  const members: Record<string, Printable> = {};
  for (const { gpu, metrics } of gpus) {
    const name = `gpu_${gpu.index}`;
    members[name in members ? `${name}_${gpu.uuid}` : name] = {
      gpu_index: gpu.index,
      gpu_name: gpu.model,
      gpu_uuid: gpu.uuid,
      platform: gpu.platform,
      hostname: gpu.hostname || undefined,
      namespace: gpu.namespace || undefined,
      pod_name: gpu.pod || undefined,
      metrics: Object.fromEntries(metrics.map((metric) => [metric.name, statisticMembers(metric)])),
    };
  }
  return members;
}
