import { readSummary, type StoredSummary } from '../../export/read-summary.js';
import { readRunConfig, type StoredRunConfig } from '../../export/run-config.js';
import type { Slo } from '../../metrics/objective.js';
import { sloFault } from '../../metrics/slos.js';
import type { ReportFacts } from '../../report/report.js';
import { counted } from '../../util/counted.js';
import { isObject, type Json } from '../../util/json.js';
import { described, type Holder, holderOf } from '../profile/folder-lock.js';
import { everyTrait, type Recovered } from './recovered.js';
import type { RunFolder } from './run-folder.js';

/** What a run has said of itself. */
export interface Told {
  readonly config: StoredRunConfig;
  /** Undefined where the run left no summary; that of an earlier run in the same folder does not count. */
  readonly summary: StoredSummary | undefined;
  /** The process that is still writing the run. */
  readonly writer: Holder | undefined;
}

export function whatIsTold({ folder, records, json }: RunFolder): Told {
  const config = readRunConfig(folder, records) ?? {};
  const summary = readSummary(json);
  const isOfAnotherRun = config.benchmarkId !== undefined && config.benchmarkId !== summary?.benchmarkId;
  return { config, summary: isOfAnotherRun ? undefined : summary, writer: holderOf(folder) };
}

/** The objectives that the run was held against. */
export function slosTold({ config, summary }: Told): readonly Slo[] {
  const { slos } = config.inputConfig ?? summary?.inputConfig ?? {};
  return Object.entries(isObject(slos) ? slos : {}).flatMap(([tag, limit]) =>
    typeof limit === 'number' && sloFault(tag, everyTrait) === undefined ? [{ tag, limit }] : [],
  );
}

/** The length of the slices that the run was cut into, seconds. */
export function sliceSecondsTold({ config, summary }: Told): number | undefined {
  const { artifacts } = config.inputConfig ?? summary?.inputConfig ?? {};
  const seconds = isObject(artifacts) ? artifacts.slice_duration : undefined;
  return typeof seconds === 'number' && seconds > 0 ? seconds : undefined;
}

/** Requests were sent at recorded times, and the records say when: those of AIPerf say when each was released. */
export function replaysSchedule({ config }: Told): boolean {
  const { phases } = config.inputConfig ?? {};
  const isReplay = (phase: Json) => isObject(phase) && phase.type === 'fixed_schedule';
  return config.title !== undefined && Array.isArray(phases) && phases.some(isReplay);
}

/** The same with the configuration that files are made with now. @param sliceSeconds undefined: as it was. */
export function toldAnew(told: Told, slos: readonly Slo[], sliceSeconds: number | undefined): Told {
  const inputConfig = told.config.inputConfig ?? told.summary?.inputConfig;
  if (inputConfig === undefined) return told;
  const { artifacts } = inputConfig;
  const anew = {
    ...inputConfig,
    ...(sliceSeconds !== undefined && isObject(artifacts)
      ? { artifacts: { ...artifacts, slice_duration: sliceSeconds } }
      : {}),
    ...(slos.length > 0 ? { slos: Object.fromEntries(slos.map(({ tag, limit }) => [tag, limit])) } : {}),
  };
  return { ...told, config: { ...told.config, inputConfig: anew } };
}

/** Why the results cover only a part of the run; undefined for a complete one. */
export function incompleteReason({ records }: Recovered, { summary, writer }: Told): string | undefined {
  if (writer !== undefined) return `The run is still in progress: ${described(writer)}.`;
  if (summary !== undefined) return summary.incompleteReason;
  return `The run ended without a summary: ${counted(records, 'record was', 'records were')} recovered.`;
}

/** A sentence for each thing that the records and what is told of them do not agree about. */
export function notes({ records, warmups, isCut }: Recovered, summary: StoredSummary | undefined): string[] {
  const found: string[] = [];
  if (isCut) found.push('The last line of the records is cut off: 1 record is left out.');
  if (warmups > 0) found.push(`${counted(warmups, 'warm-up record is', 'warm-up records are')} left out.`);
  if (summary !== undefined && summary.failedWarmups > 0) {
    found.push(
      `${summary.failedWarmups} of ${counted(summary.warmupRequests, 'warm-up request')} failed: the server may not be ` +
        'warm for the first measured requests.',
    );
  }
  found.push(...(summary?.responseWarnings ?? []));
  if (summary !== undefined && summary.requests !== records) {
    found.push(
      `The summary of the run counts ${summary.requests} requests, and there are ${records} records: ` +
        'the figures below are those of the records.',
    );
  }
  return found;
}

/** What delayed requests that were due at times of their own; empty where the summary knows of none. */
export function dueTimesTold({ summary }: Told): Pick<ReportFacts, 'dueTimes'> {
  const { load, verdict } = summary?.fidelity ?? {};
  if (!isObject(load) || load.kind === 'concurrency') return {};
  return { dueTimes: { mayQueue: load.may_queue !== false, clientWasLate: verdict !== 'client ok' } };
}

/** The verdict on the client that a summary holds, and why. */
export function fidelityTold(fidelity: { readonly [key: string]: unknown }) {
  const reasons: readonly unknown[] = Array.isArray(fidelity.reasons) ? fidelity.reasons : [];
  return {
    verdict: String(fidelity.verdict),
    reasons: reasons.flatMap((reason) =>
      isObject(reason) && typeof reason.reason === 'string' ? [reason.reason] : [],
    ),
  };
}
