import { basename, resolve } from 'node:path';
import type { StoredRecord } from '../../export/read-records.js';
import type { Thresholds } from '../../metrics/metric.js';
import { NotableFinder } from '../../report/page/notable.js';
import type { ReportedRun } from '../../report/page/run.js';
import { runPage } from '../../report/page/run-page.js';
import { writeWhole } from '../write-whole.js';
import { openRunFolder } from './run-folder.js';
import { openStoredRun, type StoredRun } from './stored-run.js';
import { incompleteReason, notes } from './told.js';

/** What a page shows of a run beyond its summary: gathered while the records go by. */
export class PageMaterial {
  readonly #notable = new NotableFinder();

  readonly add = (record: StoredRecord): void => {
    this.#notable.add(record);
  };

  /** @param run the one whose records were added. */
  of({ files, left, told, recovered }: StoredRun): ReportedRun {
    const { config, summary: earlier } = told;
    const { summary } = recovered;
    return {
      name: basename(files.folder),
      title: config.title ?? 'LLM Metrics',
      summary,
      inputConfig: config.inputConfig ?? earlier?.inputConfig,
      command: config.cliCommand ?? earlier?.cliCommand,
      benchmarkId: config.benchmarkId ?? earlier?.benchmarkId,
      startedAtNs: earlier?.startedAtNs ?? summary.firstStartNs ?? 0n,
      incompleteReason: incompleteReason(recovered, left),
      notes: notes(recovered, left.summary),
      fidelity: earlier?.fidelity,
      notable: this.#notable.found,
    };
  }
}

/** The page of the run whose files are in a folder. @throws UserError where there is no record. */
export function pageOf(folder: string, prefix: string | undefined, thresholds: Thresholds): string {
  const material = new PageMaterial();
  const view = { goodput: undefined, sliceDuration: undefined, thresholds };
  return runPage(material.of(openStoredRun(openRunFolder(folder, prefix), view, material.add)));
}

/** Writes the page of a run. @returns a sentence where that cannot be done. */
export function writePage(path: string, run: ReportedRun): string[] {
  return writeWhole(resolve(path), runPage(run));
}
