import { existsSync } from 'node:fs';
import type { RunSummary } from '../metrics/metric-store.js';
import type { PhaseName } from '../records/record.js';
import { fileNames, type RunFiles } from '../run/files.js';
import type { Run } from '../run/run.js';
import { prettyJson } from '../util/python-json.js';
import { errorGroup } from './summary-json.js';

/** A phase that sent something. */
interface Phase {
  readonly name: PhaseName;
  readonly summary: RunSummary;
  /** Wall clock, ns since 1970. */
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint;
  /** The user ended it early. */
  readonly wasCancelled: boolean;
}

/** The phases of a run that sent anything, in their order. */
export function phasesOf({ summary, warmup, facts }: Run): readonly Phase[] {
  const sent = [
    { name: 'warmup' as const, summary: warmup, startedAtNs: facts.warmupStartedAtNs },
    { name: 'profiling' as const, summary, startedAtNs: facts.startedAtNs },
  ].flatMap(({ name, summary: results, startedAtNs }) =>
    results?.lastEndNs === undefined || startedAtNs === undefined
      ? []
      : [{ name, summary: results, startedAtNs, endedAtNs: results.lastEndNs }],
  );
  return sent.map((phase, i) => ({
    ...phase,
    wasCancelled: facts.wasCancelled === true && i === sent.length - 1,
  }));
}

/**
 * The text of `phase_manifest.json`: the phases in their order, with their counts, times and errors.
 * @param files of the run; server metrics are named where they are.
 */
export function phaseManifestJson(phases: readonly Phase[], files: RunFiles): string {
  const names = fileNames(undefined);
  return `${prettyJson({
    phases: phases.map(({ name, summary, startedAtNs, endedAtNs, wasCancelled }, index) => ({
      end_ns: endedAtNs,
      // As AIPerf counts them: with those that were cancelled on purpose.
      error_request_count: summary.failedCount + summary.outcomes.cancelled,
      error_summary: summary.errors.map(errorGroup),
      metrics_csv: names[`${name}Csv`],
      metrics_json: names[`${name}Json`],
      phase_index: index,
      phase_kind: name,
      phase_name: name,
      profiling_index: name === 'profiling' ? 0 : null,
      server_metrics_json: existsSync(files[`${name}ServerMetrics`])
        ? names[`${name}ServerMetrics`]
        : undefined,
      start_ns: startedAtNs,
      successful_request_count: summary.validCount,
      total_request_count: summary.validCount + summary.failedCount + summary.outcomes.cancelled,
      was_cancelled: wasCancelled,
    })),
    schema_version: 1,
  })}\n`;
}
