import type { StoredRecord } from '../../export/read-records.js';
import type { Thresholds } from '../../metrics/metric.js';
import type { Slo } from '../../metrics/objective.js';
import { slosOf } from '../slos.js';
import { sliceNsOf } from '../timeslices.js';
import { type Recovered, recoverRun, withoutRequests } from './recovered.js';
import type { RunFolder } from './run-folder.js';
import { sliceSecondsTold, slosTold, type Told, toldAnew, whatIsTold } from './told.js';

/** How a finished run is looked at; what is undefined is as the run had it. */
export interface View {
  readonly goodput: Readonly<Record<string, number>> | undefined;
  /** Seconds. */
  readonly sliceDuration: number | undefined;
  /** For a run that does not tell its own. */
  readonly thresholds: Thresholds;
}

/** A finished run: what it said of itself and what its records come to. */
export interface StoredRun {
  readonly files: RunFolder;
  /** As the run left it. */
  readonly left: Told;
  /** With the configuration that it is looked at with. */
  readonly told: Told;
  readonly slos: readonly Slo[];
  readonly recovered: Recovered;
}

/** @param onRecord called with every record of the run proper. @throws UserError where there is no record. */
export function openStoredRun(
  files: RunFolder,
  { goodput, sliceDuration, thresholds }: View,
  onRecord?: (record: StoredRecord) => void,
): StoredRun {
  const left = whatIsTold(files);
  const slos = goodput === undefined ? slosTold(left) : slosOf(goodput);
  const recovered = recoverRun(files.records, left.config.thresholds ?? thresholds, {
    slos,
    sliceNs: sliceNsOf(sliceDuration ?? sliceSecondsTold(left)),
    ...(onRecord === undefined ? {} : { onRecord }),
  });
  if (recovered === undefined) throw withoutRequests(files.records);
  return { files, left, told: toldAnew(left, slos, sliceDuration), slos, recovered };
}
