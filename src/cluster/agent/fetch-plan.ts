import type { ClockOrigin } from '../../util/clock.js';
import { version } from '../../util/version.js';
import type { ClockOffset, PlanEntry } from '../messages.js';
import { namesOf } from '../names.js';
import { openStore } from '../nats/connection.js';
import { objectOf } from '../nats/objects.js';
import { insist } from '../nats/retry.js';
import { fetchFiles } from '../plan/plan-files.js';
import { putTogether, type RoundPlan } from '../plan/round-plan.js';
import { measureClock, originHere, originOf } from './clock-offset.js';
import type { JoinedRun } from './joined-run.js';

const REQUEST_TIMEOUT_MS = 5000;

/** A plan that this machine can play. */
export interface FetchedPlan extends RoundPlan {
  /** Of the coordinator's clock to that of this machine. */
  readonly clock: ClockOffset;
  /** Zero of all times, on the clock of this machine. */
  readonly origin: ClockOrigin;
}

/**
 * Fetches the plan of a round, its secrets and the files that this machine lacks, and measures the coordinator's clock.
 * @param folder for files. @returns undefined if the run is over. @throws Error if it is of another version, or parts of it are gone.
 */
export async function fetchPlan(
  { nats, run, over, noteTrouble }: JoinedRun,
  entry: PlanEntry,
  folder: string,
): Promise<FetchedPlan | undefined> {
  if (entry.version !== version)
    throw new Error(`the plan is of aiperf ${entry.version}, and this is aiperf ${version}`);
  const names = namesOf(run);
  const store = await openStore(nats, names.data);
  const bytes = await objectOf(store, entry.hash);
  const hidden = await insist(
    async () => (await nats.core.request(names.secrets, '', { timeout: REQUEST_TIMEOUT_MS })).data,
    over,
    noteTrouble,
  );
  if (hidden === undefined) return undefined;
  const { load, files, needs, kept } = putTogether(bytes, hidden);
  const here = await fetchFiles(store, load, files, folder);
  const clock = await insist(() => measureClock(nats, names.clock, originOf(entry)), over, noteTrouble);
  if (clock === undefined) return undefined;
  return { load: here, needs, kept, clock, origin: originHere(entry, clock) };
}
