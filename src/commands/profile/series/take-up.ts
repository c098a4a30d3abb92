import { randomUUID } from 'node:crypto';
import type { profileOptions } from '../../../config/options.js';
import type { WeighedRun } from '../../../run/compared-point.js';
import type { RunFiles } from '../../../run/files.js';
import { UserError } from '../../../util/errors.js';
import type { Invocation } from '../../command.js';
import { takeFolder } from '../artifacts.js';
import { digestInputs, namedInputs } from '../input-files.js';
import { materialOptions } from '../material-options.js';
import { type Manifest, readManifest, seriesIn, writeManifest } from './manifest.js';
import { drawSeeds, type PlannedRun } from './plan.js';
import { completeResults } from './results.js';
import type { SeriesContext } from './run.js';

/** A run of a series that is over: it is not made again. */
export interface EndedRun {
  /** Undefined: it failed. */
  readonly results: WeighedRun | undefined;
  /** Why it failed, if it did. */
  readonly failure: string;
  /** Whether its results are to be relied on. */
  readonly isSound: boolean;
  /** For the log. */
  readonly how: string;
}

/** A series that is about to begin or to go on. */
export interface Taken {
  readonly manifest: Manifest;
  /** Makes the folder that of the series; does so once. @throws UserError */
  readonly begin: () => void;
  /** A run that need not be made; undefined: it must be. @param index in the order of the runs. */
  readonly endedRun: (index: number, run: PlannedRun, files: RunFiles) => Promise<EndedRun | undefined>;
}

/** The series to go on with, or a new one. @throws UserError where it is another one. */
export async function takeUp(
  invocation: Invocation<typeof profileOptions>,
  shared: SeriesContext,
): Promise<Taken> {
  const { config, points } = invocation;
  const { artifacts, log, writeTo, cluster } = shared;
  const { folder: root, log: logFile } = artifacts;
  const readInputs = async () => ({
    options: materialOptions(points.map((point) => point.config)),
    files: await digestInputs(namedInputs(config)),
  });
  const keep = (manifest: Manifest, isThere: boolean) => {
    let hasBegun = isThere;
    if (isThere) writeTo(logFile);
    return () => {
      if (hasBegun) return;
      takeFolder(config, artifacts, shared);
      const troubles = writeManifest(root, manifest, config.profileRunCooldownSeconds);
      for (const trouble of troubles) throw new UserError(trouble);
      hasBegun = true;
    };
  };
  const inCluster = cluster && (await import('./kept-series.js'));
  const kept = cluster?.claim.isResumed
    ? await inCluster?.keptSeries(cluster, invocation, readInputs)
    : undefined;
  if (cluster !== undefined && kept !== undefined && inCluster !== undefined) {
    const { manifest } = kept;
    const begin = keep(manifest, seriesIn(root) === manifest.sweepId);
    return {
      ...{ manifest, begin },
      endedRun: (index, run, files) =>
        inCluster.endedRun({ cluster, kept, index, files }, () => {
          begin();
          takeFolder(run.config, files, { log, writeTo: () => {} });
        }),
    };
  }
  const inputs = await readInputs();
  const found = config.resume ? readManifest(root, inputs) : undefined;
  if (config.resume && found === undefined)
    log('NOTICE', 'sweep', `${root} holds nothing to resume: all runs are made`);
  const manifest = found ?? { sweepId: randomUUID(), seeds: drawSeeds(config), ...inputs };
  if (cluster !== undefined) await inCluster?.keepSeries(cluster, invocation, manifest);
  return {
    manifest,
    begin: keep(manifest, found !== undefined),
    endedRun: async (index, _run, files) => {
      const results = config.resume ? completeResults(files, manifest.sweepId) : undefined;
      if (results === undefined) return undefined;
      if (cluster !== undefined) await inCluster?.skipRun(cluster, index, files);
      return { results, failure: '', isSound: true, how: 'complete already, skipped' };
    },
  };
}
