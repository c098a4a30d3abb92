import { basename } from 'node:path';
import { ChartRun } from '../../charts/chart-run.js';
import { runCharts } from '../../charts/run-charts.js';
import { profileOptions } from '../../config/options.js';
import { objectivesOf } from '../../metrics/slos.js';
import { reportedCharts } from '../../report/page/charts.js';
import type { ReportedRun } from '../../report/page/run.js';
import { runPage } from '../../report/page/run-page.js';
import { runsPage } from '../../report/page/runs-page.js';
import type { RunFiles } from '../../run/files.js';
import { findRun, type NamedFolder } from '../../run/find.js';
import { NotableFinder } from '../../run/notable.js';
import { lookAt, type OpenedRun, openRun, type View } from '../../run/open.js';
import type { StoredRecord } from '../../run/read-records.js';

/** What a page shows of a run beyond its summary: gathered while the records go by. */
export class PageMaterial {
  readonly #notable = new NotableFinder();

  readonly add = (record: StoredRecord): void => this.#notable.add(record);

  /** The page of the run whose records were added. */
  pageOf(run: OpenedRun): string {
    return runPage(this.of(run));
  }

  of({ facts, files, summary, requests, slos, sliceSeconds, series, notes }: OpenedRun): ReportedRun {
    const chartRun = new ChartRun(requests, { objectives: objectivesOf(slos), sliceSeconds, series });
    return {
      ...{ name: basename(files.folder), facts, files, summary, notes },
      notable: this.#notable.found,
      charts: reportedCharts(runCharts, chartRun),
    };
  }
}

/** The page of a finished run. @throws UserError where there is no record. */
export function pageOf(files: RunFiles, view: View): string {
  return runPage(reportedRun(files, view));
}

/** The page of several finished runs. @throws UserError where one of them left no record. */
export function comparisonPage(
  runs: readonly NamedFolder[],
  prefix: string | undefined,
  view: View,
  targetShare: number = profileOptions.targetGoodput.default,
): string {
  const reported = runs.map(({ dir, name }) => ({ ...reportedRun(findRun(dir, prefix), view), name }));
  return runsPage(reported, targetShare);
}

function reportedRun(files: RunFiles, view: View): ReportedRun {
  const material = new PageMaterial();
  return material.of(openRun(lookAt(files, view), material.add));
}
