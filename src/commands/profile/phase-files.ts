import { join } from 'node:path';
import { type PhaseFacts, phaseManifestJson, phasePath } from '../../export/phase-manifest.js';
import { summaryCsv } from '../../export/summary-csv.js';
import { type SummaryFacts, summaryJson } from '../../export/summary-json.js';
import { type ClockOrigin, wallNs } from '../../util/clock.js';
import type { Artifacts } from './artifacts.js';
import type { RunOutcome } from './run.js';

/**
 * The files of each phase, and the list of them; empty for a run of one phase.
 * @param facts of the summary of the whole run, other than results.
 */
export function phaseFiles(
  outcome: RunOutcome,
  origin: ClockOrigin,
  artifacts: Artifacts,
  facts: SummaryFacts,
) {
  const phases = phasesOf(outcome, origin);
  if (phases.length < 2) return [];
  const { warmup: _warmup, fidelity, ...common } = facts;
  return [
    ...phases.flatMap(({ name, summary, startedAtNs, endedAtNs }) => [
      { path: join(artifacts.folder, phasePath(name, 'csv')), text: () => summaryCsv(summary.results) },
      {
        path: join(artifacts.folder, phasePath(name, 'json')),
        text: () =>
          summaryJson(summary, {
            ...common,
            startedAtNs,
            endedAtNs,
            // The verdict is on the client while it measured.
            ...(name === 'warmup' || fidelity === undefined ? {} : { fidelity }),
          }),
      },
    ]),
    { path: artifacts.phaseManifest, text: () => phaseManifestJson(phases) },
  ];
}

/** The phases that sent anything, in their order. */
function phasesOf(
  { summary, warmup, warmupStartNs, startNs, interrupted }: RunOutcome,
  origin: ClockOrigin,
): PhaseFacts[] {
  const phases = [
    { name: 'warmup' as const, summary: warmup, phaseStartNs: warmupStartNs },
    { name: 'profiling' as const, summary, phaseStartNs: startNs },
  ];
  const sent = phases.flatMap(({ name, summary: results, phaseStartNs }) => {
    if (results?.lastEndNs === undefined || phaseStartNs === undefined) return [];
    return [
      { name, summary: results, startedAtNs: wallNs(origin, phaseStartNs), endedAtNs: results.lastEndNs },
    ];
  });
  return sent.map((phase, i) => ({ ...phase, wasCancelled: interrupted && i === sent.length - 1 }));
}
