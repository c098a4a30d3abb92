import { basename, resolve } from 'node:path';
import { ChartRun } from '../../charts/chart-run.js';
import { runCharts } from '../../charts/run-charts.js';
import { profileOptions } from '../../config/options.js';
import type { StoredRecord } from '../../export/read-records.js';
import { objectivesOf } from '../../metrics/slos.js';
import { reportedCharts } from '../../report/page/charts.js';
import { NotableFinder } from '../../report/page/notable.js';
import type { ReportedRun } from '../../report/page/run.js';
import { runPage } from '../../report/page/run-page.js';
import { runsPage } from '../../report/page/runs-page.js';
import { writeWhole } from '../write-whole.js';
import { type NamedFolder, openRunFolder, type RunFolder } from './run-folder.js';
import { lookAt, type StoredRun, sumUp, type View } from './stored-run.js';
import { incompleteReason, notes } from './told.js';

/** What a page shows of a run beyond its summary: gathered while the records go by. */
export class PageMaterial {
  readonly #notable = new NotableFinder();

  readonly add = (record: StoredRecord): void => this.#notable.add(record);

  /** @param run the one whose records were added. */
  of({ files, left, told, recovered, slos, sliceSeconds }: StoredRun): ReportedRun {
    const { config, summary: earlier } = told;
    const { summary, table } = recovered;
    const chartRun = new ChartRun(table, { objectives: objectivesOf(slos), sliceSeconds });
    return {
      name: basename(files.folder),
      title: config.title ?? 'LLM Metrics',
      summary,
      sweepPoint: config.sweepPoint,
      inputConfig: config.inputConfig ?? earlier?.inputConfig,
      command: config.cliCommand ?? earlier?.cliCommand,
      benchmarkId: config.benchmarkId ?? earlier?.benchmarkId,
      startedAtNs: earlier?.startedAtNs ?? summary.firstStartNs ?? 0n,
      incompleteReason: incompleteReason(recovered, left),
      notes: notes(recovered, left.summary),
      fidelity: earlier?.fidelity,
      notable: this.#notable.found,
      charts: reportedCharts(runCharts, chartRun),
    };
  }
}

/** The page of a finished run. @throws UserError where there is no record. */
export function pageOf(files: RunFolder, view: View): string {
  return runPage(reportedRun(files, view));
}

/** The page of several finished runs. @throws UserError where one of them left no record. */
export function comparisonPage(
  runs: readonly NamedFolder[],
  prefix: string | undefined,
  view: View,
  targetShare: number = profileOptions.targetGoodput.default,
): string {
  const reported = runs.map(({ dir, name }) => ({ ...reportedRun(openRunFolder(dir, prefix), view), name }));
  return runsPage(reported, targetShare);
}

function reportedRun(files: RunFolder, view: View): ReportedRun {
  const run = lookAt(files, view);
  const material = new PageMaterial();
  return material.of(sumUp(run, material.add));
}

/** Writes the page of a run. @returns a sentence where that cannot be done. */
export function writePage(path: string, run: ReportedRun): string[] {
  return writeWhole(resolve(path), runPage(run));
}
