import type { RunSummary } from '../metrics/compute.js';
import { prettyJson } from './python-json.js';
import { errorGroup } from './summary-json.js';

/** Facts of a phase in the manifest. */
export interface PhaseFacts {
  readonly name: 'warmup' | 'profiling';
  readonly summary: RunSummary;
  /** Wall clock, ns since 1970. */
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint;
  /** The user ended it early. */
  readonly wasCancelled: boolean;
}

/** Name of the file; `--profile-export-prefix` does not change it. */
export const phaseManifestName = 'phase_manifest.json';

/** Name of the folder of the phases' own files. */
export const phasesFolder = 'phases';

/** Path of a phase's summary file within the artifact directory. */
export function phasePath(name: PhaseFacts['name'], kind: 'json' | 'csv'): string {
  return `${phasesFolder}/${name}/profile_export_aiperf.${kind}`;
}

/** The text of `phase_manifest.json`: the phases in their order, with their counts, times and errors. */
export function phaseManifestJson(phases: readonly PhaseFacts[]): string {
  return `${prettyJson({
    phases: phases.map(({ name, summary, startedAtNs, endedAtNs, wasCancelled }, index) => ({
      end_ns: endedAtNs,
      // As AIPerf counts them: with those that were cancelled on purpose.
      error_request_count: summary.failedCount + summary.outcomes.cancelled,
      error_summary: summary.errors.map(errorGroup),
      metrics_csv: phasePath(name, 'csv'),
      metrics_json: phasePath(name, 'json'),
      phase_index: index,
      phase_kind: name,
      phase_name: name,
      profiling_index: name === 'profiling' ? 0 : null,
      start_ns: startedAtNs,
      successful_request_count: summary.validCount,
      total_request_count: summary.validCount + summary.failedCount + summary.outcomes.cancelled,
      was_cancelled: wasCancelled,
    })),
    schema_version: 1,
  })}\n`;
}
