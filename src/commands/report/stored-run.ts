import { existsSync } from 'node:fs';
import type { StoredRecord } from '../../export/read-records.js';
import type { RunSummary } from '../../metrics/compute.js';
import type { Thresholds } from '../../metrics/metric.js';
import type { Slo } from '../../metrics/objective.js';
import { slosOf } from '../slos.js';
import { sliceNsOf } from '../timeslices.js';
import { type Recovered, recoverRun, withoutRequests } from './recovered.js';
import type { RunFolder } from './run-folder.js';
import { replaysSchedule, sliceSecondsTold, slosTold, type Told, toldAnew, whatIsTold } from './told.js';

/** How a finished run is looked at; what is undefined is as the run had it. */
export interface View {
  readonly goodput: Readonly<Record<string, number>> | undefined;
  /** Seconds. */
  readonly sliceDuration: number | undefined;
  /** For a run that does not tell its own. */
  readonly thresholds: Thresholds;
}

/** A finished run as it is looked at, its records not yet read. */
export interface RunInView {
  readonly files: RunFolder;
  /** As the run left it. */
  readonly left: Told;
  /** With the configuration that it is looked at with. */
  readonly told: Told;
  readonly thresholds: Thresholds;
  readonly slos: readonly Slo[];
  readonly sliceSeconds: number | undefined;
}

/** One with what its records come to. */
export interface StoredRun extends RunInView {
  readonly recovered: Recovered;
}

export function lookAt(files: RunFolder, { goodput, sliceDuration, thresholds }: View): RunInView {
  const left = whatIsTold(files);
  const slos = goodput === undefined ? slosTold(left) : slosOf(goodput);
  return {
    files,
    left,
    told: toldAnew(left, slos, sliceDuration),
    thresholds: left.config.thresholds ?? thresholds,
    slos,
    sliceSeconds: sliceDuration ?? sliceSecondsTold(left),
  };
}

/** What the warm-up came to; undefined where it left no records. @throws UserError for a line that is no record. */
export function sumUpWarmup({ files, thresholds, slos }: RunInView): RunSummary | undefined {
  if (!existsSync(files.warmup)) return undefined;
  return recoverRun(files.warmup, thresholds, { phase: 'warmup', slos })?.summary;
}

/** @param onRecord called with every record of the run proper. @throws UserError where there is no record. */
export function sumUp(run: RunInView, onRecord?: (record: StoredRecord) => void): StoredRun {
  const { files, thresholds, slos, sliceSeconds } = run;
  const recovered = recoverRun(files.records, thresholds, {
    slos,
    fixedSchedule: replaysSchedule(run.left),
    sliceNs: sliceNsOf(sliceSeconds),
    ...(onRecord === undefined ? {} : { onRecord }),
  });
  if (recovered === undefined) throw withoutRequests(files.records);
  return { ...run, recovered };
}
