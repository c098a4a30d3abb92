import { join } from 'node:path';
import { profileOptions } from '../../config/options.js';
import { reportedRun } from '../../report/page/run.js';
import { runsPage } from '../../report/page/runs-page.js';
import { filesIn } from '../../run/files.js';
import { findRun, type NamedFolder } from '../../run/find.js';
import { openRun, type View } from '../../run/open.js';
import { writeWhole } from '../../util/write-whole.js';

/**
 * Writes the page of the runs of a series next to their folders. @param folders relative to the root.
 * @returns its path, and a sentence where it could not be written.
 */
export function writeSeriesPage(
  root: string,
  folders: readonly string[],
  {
    prefix,
    view,
    targetShare,
  }: { readonly prefix: string | undefined; readonly view: View; readonly targetShare: number },
): { readonly path: string; readonly troubles: readonly string[] } {
  const { page: path } = filesIn(root, undefined);
  const runs = folders.map((name) => ({ name, dir: join(root, name) }));
  return { path, troubles: writeWhole(path, comparisonPage(runs, prefix, view, targetShare)) };
}

/** The page of several finished runs. @throws UserError where one of them left no record. */
export function comparisonPage(
  runs: readonly NamedFolder[],
  prefix: string | undefined,
  view: View,
  targetShare: number = profileOptions.targetGoodput.default,
): string {
  const reported = runs.map(({ dir, name }) => reportedRun(openRun(findRun(dir, prefix), view), name));
  return runsPage(reported, targetShare);
}
