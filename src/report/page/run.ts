import type { RunSummary } from '../../metrics/compute.js';
import type { JsonObject } from '../../util/json.js';
import type { SweepPoint } from '../compared-runs.js';
import type { ReportedChart } from './charts.js';
import type { NotableRequests } from './notable.js';

/** A run as a page shows it. */
export interface ReportedRun {
  /** Short and, among the runs of a page, its own: the name of its folder. */
  readonly name: string;
  /** What is measured, e.g. `LLM Metrics`. */
  readonly title: string;
  readonly summary: RunSummary;
  /** Undefined for a run of no sweep. */
  readonly sweepPoint: SweepPoint | undefined;
  /** As the run recorded it, secrets masked; undefined where it left none. */
  readonly inputConfig: JsonObject | undefined;
  /** The command as typed, secrets masked; undefined where nobody knows it any more. */
  readonly command: string | undefined;
  /** 12 hex digits; undefined where nobody knows it any more. */
  readonly benchmarkId: string | undefined;
  /** ns since 1970. */
  readonly startedAtNs: bigint;
  /** Why the results cover only a part of the run; undefined for a complete one. */
  readonly incompleteReason: string | undefined;
  /** Sentences about the records themselves, e.g. that the last line is cut off. */
  readonly notes: readonly string[];
  /** The member `fidelity` of the summary file; undefined where there is none. */
  readonly fidelity: JsonObject | undefined;
  readonly notable: NotableRequests;
  readonly charts: readonly ReportedChart[];
}
