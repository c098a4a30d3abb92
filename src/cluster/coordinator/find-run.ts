import { UserError } from '../../util/errors.js';
import { orList } from '../../util/lists.js';
import { version } from '../../util/version.js';
import { planEntry, type RunEntry, readMessage, runEntry } from '../messages.js';
import { DIRECTORY, keys, namesOf } from '../names.js';
import { type Nats, openBucket, openStore } from '../nats/connection.js';
import { objectOf } from '../nats/objects.js';
import { readKept } from '../plan/round-plan.js';
import { readSeries } from './held-run.js';
import { removeRest } from './remove-run.js';

/** A run that has not ended. */
export interface FoundRun extends RunEntry {
  /** What its first coordinator has stored of the series that it is; undefined: it is none. */
  readonly series: unknown;
  /** What it has stored of the measurement, if that is the only one. */
  readonly kept: unknown;
}

/**
 * Finds a run whose coordinator may be gone.
 * @returns undefined if it was over, and what NATS still held of it is deleted now.
 * @throws UserError if there is none of this name, it has not begun, or another version has begun it.
 */
export async function findRun(nats: Nats, run: string, nowMs: () => number): Promise<FoundRun | undefined> {
  const directory = await openBucket(nats, DIRECTORY);
  const found = await directory.get(run);
  if (found?.operation !== 'PUT') {
    if (await removeRest(nats, run, nowMs)) return undefined;
    const others: string[] = [];
    for await (const key of await directory.keys()) others.push(key);
    throw new UserError(
      `NATS holds no run ${run}.`,
      others.length === 0
        ? 'It holds none: they are deleted when their files are written.'
        : `It holds ${orList(others)}.`,
    );
  }
  const entry = readMessage(runEntry, found.string());
  if (entry.version !== version)
    throw new UserError(
      `Run ${run} was started by aiperf ${entry.version}, and this is aiperf ${version}.`,
      'Use the same version on all machines.',
    );
  const kv = await openBucket(nats, namesOf(run).bucket);
  const store = await openStore(nats, namesOf(run).data);
  const series = await readSeries(kv, store);
  if (series !== undefined) return { ...entry, series, kept: undefined };
  const plan = await kv.get(keys.plan(0));
  if (plan === null)
    throw new UserError(
      `Run ${run} has not begun: there is nothing to finish.`,
      'Start it with the same command, or another one, and --run-id.',
    );
  const { hash } = readMessage(planEntry, plan.string());
  const { kept } = readKept(await objectOf(store, hash));
  return { ...entry, series, kept };
}
