import { profileOptions } from '../../config/options.js';
import { reportedRun } from '../../report/page/run.js';
import { runsPage } from '../../report/page/runs-page.js';
import { findRun, type NamedFolder } from '../../run/find.js';
import { openRun, type View } from '../../run/open.js';

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
