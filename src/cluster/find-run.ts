import { UserError } from '../util/errors.js';
import { orList } from '../util/lists.js';
import { type Nats, openBucket, openStore } from './connection.js';
import { readRunEntry } from './coordinator.js';
import { type PlanEntry, planEntry, type RunEntry, readMessage } from './messages.js';
import { DIRECTORY, keys, namesOf } from './names.js';
import { objectOf } from './objects.js';
import { readKept } from './round-plan.js';

/** A run that has not ended. */
export interface FoundRun extends RunEntry {
  /** What its coordinator has stored for its successor. */
  readonly kept: unknown;
}

/** Finds a run whose coordinator may be gone. @throws UserError if there is none of this name, or it has not begun. */
export async function findRun(nats: Nats, run: string): Promise<FoundRun> {
  const directory = await openBucket(nats, DIRECTORY);
  const entry = await directory.get(run);
  if (entry === null || entry.operation !== 'PUT') {
    const others: string[] = [];
    for await (const key of await directory.keys()) others.push(key);
    throw new UserError(
      `NATS holds no run ${run}.`,
      others.length === 0
        ? 'It holds none: they are deleted when their files are written.'
        : `It holds ${orList(others)}.`,
    );
  }
  const kv = await openBucket(nats, namesOf(run).bucket);
  let last: PlanEntry | undefined;
  for (let round = 0; ; round++) {
    const found = await kv.get(keys.plan(round));
    if (found === null) break;
    last = readMessage(planEntry, 'the plan of a round', found.string());
  }
  if (last === undefined)
    throw new UserError(
      `Run ${run} has not begun: there is nothing to finish.`,
      'Start it again with aiperf profile.',
    );
  const store = await openStore(nats, namesOf(run).data);
  const { kept } = readKept(await objectOf(store, last.hash));
  return { ...readRunEntry(entry.string()), kept };
}
