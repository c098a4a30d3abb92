import type { NotableRequests } from '../../run/notable.js';
import type { Run } from '../../run/run.js';
import type { ReportedChart } from './charts.js';

/** A run as a page shows it. */
export interface ReportedRun extends Pick<Run, 'facts' | 'files' | 'summary'> {
  /** Short and, among the runs of a page, its own: the name of its folder. */
  readonly name: string;
  /** Sentences about the records themselves, e.g. that the last line is cut off. */
  readonly notes: readonly string[];
  readonly notable: NotableRequests;
  readonly charts: readonly ReportedChart[];
}
