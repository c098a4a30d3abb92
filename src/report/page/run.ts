import { basename } from 'node:path';
import { ChartRun } from '../../charts/chart-run.js';
import { runCharts } from '../../charts/run-charts.js';
import type { NotableRequests } from '../../metrics/notable.js';
import { objectivesOf } from '../../metrics/slos.js';
import type { Run } from '../../run/run.js';
import { offeredSlices } from '../offered-load.js';
import { serverFindings } from '../server-findings.js';
import { type ReportedChart, reportedCharts } from './charts.js';

/** A run as a page shows it. */
export interface ReportedRun extends Pick<Run, 'facts' | 'summary' | 'notes'> {
  /** Short and, among the runs of a page, its own: the name of its folder. */
  readonly name: string;
  readonly notable: NotableRequests;
  readonly charts: readonly ReportedChart[];
  /** What the series of the servers explain. */
  readonly serverFindings: readonly string[];
}

export function reportedRun(run: Run, name = basename(run.files.folder)): ReportedRun {
  const { facts, summary, notes, requests, notable, extent, series } = run;
  const { slos, sliced } = summary;
  const offered = offeredSlices(facts.shards);
  const settings = { objectives: objectivesOf(slos), sliced, series, offered };
  return {
    ...{ name, facts, summary, notes },
    notable: notable ?? { slowest: [], slowestToStart: [], failures: [] },
    serverFindings: serverFindings({ requests, extent, series }),
    charts: requests === undefined ? [] : reportedCharts(runCharts, new ChartRun(requests, settings)),
  };
}
