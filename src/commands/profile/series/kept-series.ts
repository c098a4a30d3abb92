import { writeFileSync } from 'node:fs';
import type { Coordinator } from '../../../cluster/coordinator/coordinator.js';
import { placeOf } from '../../../cluster/coordinator/held-run.js';
import { objectOf } from '../../../cluster/nats/objects.js';
import type { ConfigPoint } from '../../../config/load.js';
import type { profileOptions } from '../../../config/options.js';
import type { FileKey, RunFiles } from '../../../run/files.js';
import { UserError } from '../../../util/errors.js';
import { andList } from '../../../util/lists.js';
import type { Invocation } from '../../command.js';
import {
  type KeptCommand,
  keptCommand,
  optionName,
  preparedLike,
  requireSameCommand,
  requireSecrets,
  shownConfig,
} from '../kept-run.js';
import { smallFiles } from '../small-files.js';
import { type Manifest, manifestChanges } from './manifest.js';
import { completeResults, incompleteReason } from './results.js';
import type { EndedRun } from './take-up.js';

/** What NATS keeps of a series on several machines for the coordinator that takes the place of its first one; no secrets. */
export interface KeptSeries extends KeptCommand {
  readonly points: readonly ConfigPoint<typeof profileOptions>[];
  readonly manifest: Manifest;
}

/** Stores a series that begins. */
export async function keepSeries(
  cluster: Coordinator,
  { points, recordedCommand }: Invocation<typeof profileOptions>,
  manifest: Manifest,
): Promise<void> {
  const kept: KeptSeries = {
    ...keptCommand(
      recordedCommand,
      points.map(({ config }) => config),
    ),
    points: points.map(({ config, parameters }) => ({ config: shownConfig(config), parameters })),
    manifest,
  };
  await cluster.held.keepSeries(kept);
}

/**
 * The series that a coordinator which is gone has begun; undefined: none.
 * @param readInputs digests the files that the options name.
 * @throws UserError if it was another one, its files differ here, or secrets are missing that it still needs.
 */
export async function keptSeries(
  cluster: Coordinator,
  { config, recordedCommand }: Invocation<typeof profileOptions>,
  readManifest: () => Promise<Pick<Manifest, 'options' | 'files'>>,
): Promise<KeptSeries | undefined> {
  const { held } = cluster;
  const { run } = held.options;
  const kept = (await held.keptSeries()) as KeptSeries | undefined;
  if (kept === undefined) return undefined;
  requireSameCommand(kept, recordedCommand, run);
  const here = await preparedLike(kept, readManifest);
  const changes = manifestChanges(kept.manifest, here, new Set(kept.withheld.map(optionName)));
  if (changes.length > 0) {
    throw new UserError(
      `Run ${run} was begun on ${kept.host} with other options or data: ${andList(changes)}.`,
      'Finish it on a machine that has the same files under the same names.',
    );
  }
  const runs = kept.points.length * (kept.manifest.seeds.length || 1);
  for (let index = 0; index < runs; index++) {
    const isOver = (await held.endOf(index)) !== undefined;
    if (isOver || (await held.progressOf(index)).isStarted) continue;
    requireSecrets(kept, config, run);
    break;
  }
  return kept;
}

/** A run of a series that may be over. */
interface AskedRun {
  readonly cluster: Coordinator;
  readonly kept: KeptSeries;
  /** In the order of the runs. */
  readonly index: number;
  readonly files: RunFiles;
}

/**
 * A run that another coordinator has ended; undefined: it has not.
 * @param makeRoom called before files are written into its folder.
 */
export async function endedRun(
  { cluster, kept, index, files }: AskedRun,
  makeRoom: () => void,
): Promise<EndedRun | undefined> {
  const entry = await cluster.held.endOf(index);
  if (entry === undefined) return undefined;
  const { failure = incompleteReason(files), isSound } = entry;
  if (entry.failure !== undefined) return { results: undefined, failure, isSound, how: 'failed already' };
  const found = completeResults(files, kept.manifest.sweepId);
  if (found !== undefined) return { results: found, failure, isSound, how: 'complete already, skipped' };
  makeRoom();
  for (const { name, hash } of entry.files)
    writeFileSync(files[name as FileKey], await objectOf(cluster.held.store, hash));
  return {
    ...{ results: completeResults(files, kept.manifest.sweepId), failure: incompleteReason(files), isSound },
    how: `its results are here, its records and other files in ${entry.place}`,
  };
}

/** Tells agents and later coordinators that a run is complete already. */
export async function skipRun(cluster: Coordinator, index: number, files: RunFiles): Promise<void> {
  const stored = await cluster.held.storeFiles(smallFiles(files));
  await cluster.held.end(index, { isSound: true, place: placeOf(files.folder), files: stored });
}
