import { readRecords, type StoredRecord } from '../../export/read-records.js';
import { MetricStore, type RunSummary } from '../../metrics/compute.js';
import type { RunTraits, Thresholds } from '../../metrics/metric.js';
import type { Slo } from '../../metrics/objective.js';
import type { RequestTable } from '../../metrics/request-table.js';
import type { PhaseName } from '../../records/record.js';
import { UserError } from '../../util/errors.js';

/** What the per-record file of a run comes to. */
export interface Recovered {
  readonly summary: RunSummary;
  readonly table: RequestTable;
  /** Records of the phase, failed ones included. */
  readonly records: number;
  /** Warm-up records, which the results of the run proper leave out. */
  readonly warmups: number;
  /** The last line is cut off, and left out. */
  readonly isCut: boolean;
}

/** What a run is looked at with. */
export interface RecoverOptions {
  /** Whose records are summed up. */
  readonly phase?: PhaseName;
  readonly slos?: readonly Slo[];
  /** Requests were sent at recorded times. */
  readonly fixedSchedule?: boolean;
  /** Length of the windows that it is cut into; undefined: it is not. */
  readonly sliceNs?: number | undefined;
  /** Called with every record of the phase. */
  readonly onRecord?: (record: StoredRecord) => void;
}

/** A metric that a run could not have is in none of its records, so all may be looked for. */
export const everyTrait: RunTraits = {
  streaming: true,
  producesTokens: true,
  tokenizesInput: true,
  serverTokenCounts: false,
};

/** What to say where there is nothing to report. */
export function withoutRequests(recordsFile: string): UserError {
  return new UserError(
    `${recordsFile} holds no record of a profiling request.`,
    'The run ended before its first answer: there is nothing to report.',
  );
}

/**
 * Sums up a phase of a run from its records: the metrics that it had at its end, or would have had.
 * @returns undefined where there is no record at all. @throws UserError for a line that is no record.
 */
export function recoverRun(
  recordsFile: string,
  thresholds: Thresholds,
  { phase = 'profiling', slos = [], fixedSchedule = false, sliceNs, onRecord }: RecoverOptions = {},
): Recovered | undefined {
  let store: MetricStore | undefined;
  let records = 0;
  let warmups = 0;
  let isCut = false;
  const onCut = () => {
    isCut = true;
  };
  for (const record of readRecords(recordsFile, onCut)) {
    if (record.phase === 'warmup') warmups++;
    if (record.phase !== phase) continue;
    // Times count from any instant that is near enough for a number to hold the distance.
    store ??= new MetricStore({ ...everyTrait, slos, fixedSchedule }, thresholds, {
      epochNs: record.startNs,
      monotonicNs: 0n,
    });
    store.addStored(record);
    onRecord?.(record);
    records++;
  }
  return store && { summary: store.summary(sliceNs), table: store.table, records, warmups, isCut };
}
