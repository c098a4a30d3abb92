import { readOwnFacts, summaryMembers } from '../../run/facts.js';
import { filesIn } from '../../run/files.js';
import type { Printable } from '../../util/python-json.js';
import type { WatchedRun } from '../messages.js';

/** `/api/run`: which run it is, as the member `run_info` of the summary file says it. */
export function runBody({ folder, benchmarkId }: WatchedRun): Printable {
  const { config } = filesIn(folder, undefined);
  return summaryMembers({ ...readOwnFacts(config), benchmarkId }).run_info ?? {};
}
