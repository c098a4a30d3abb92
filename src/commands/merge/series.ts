import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { fileNames, previousFolder, seriesManifest } from '../../run/files.js';
import { UserError } from '../../util/errors.js';
import { makeFolder } from '../../util/make-folder.js';
import { completeLeftovers } from '../report/complete-records.js';
import { type MergeView, mergeRun } from './merge-run.js';
import { type OpenedShards, openShards } from './open-shards.js';
import { copyIfThere } from './telemetry.js';

// `profile_runs/trial_0001/concurrency_2`.
const DEEPEST = 3;

/** Sweeps, or repeats, that shards have made: the same points in each. */
export interface ShardedSeries {
  readonly dirs: readonly string[];
  /** Folders of the runs, relative to that of the series; in the order of their numbers. */
  readonly points: readonly string[];
}

/** The series in these folders; undefined where they hold single runs. @throws UserError where only some hold a series. */
export function seriesOfShards(dirs: readonly string[]): ShardedSeries | undefined {
  const holds = (dir: string) => existsSync(join(resolve(dir), seriesManifest));
  const single = dirs.find((dir) => !holds(dir));
  const several = dirs.find(holds);
  if (several === undefined) return undefined;
  if (single !== undefined)
    throw new UserError(
      `'${several}' holds a sweep and '${single}' does not.`,
      'Name the folders of the same sweep.',
    );
  const points = new Set(dirs.flatMap((dir) => runsBelow(resolve(dir), resolve(dir), DEEPEST)));
  const { compare } = new Intl.Collator('en', { numeric: true });
  return { dirs, points: [...points].sort(compare) };
}

function runsBelow(root: string, dir: string, depth: number): string[] {
  if (dir !== root && existsSync(join(dir, fileNames(undefined).config))) return [relative(root, dir)];
  if (depth === 0) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== previousFolder)
    .flatMap(({ name }) => runsBelow(root, join(dir, name), depth - 1));
}

/**
 * Puts each run of a series together, in folders of the same names. All are checked before the first is written.
 * @returns sentences for the user, and whether each run has results.
 */
export async function mergeSeriesOfRuns(
  { dirs, points }: ShardedSeries,
  target: string,
  { view, allowMissing }: { readonly view: MergeView; readonly allowMissing: boolean },
  stdout: Writable,
): Promise<{ readonly notes: readonly string[]; readonly isComplete: boolean }> {
  const root = resolve(target);
  if (statSync(root, { throwIfNoEntry: false }) !== undefined && readdirSync(root).length > 0)
    throw new UserError(`'${target}' is not empty.`, 'Name a new folder with --artifact-dir.');
  const { notes: leftovers } = await completeLeftovers(
    points.flatMap((point) => dirs.map((dir) => join(dir, point))),
  );
  const opened = points.map((point): readonly [string, OpenedShards] => {
    const there = dirs.map((dir) => join(dir, point)).filter((dir) => existsSync(dir));
    return [point, openShards(there, allowMissing)];
  });
  const notes = [...leftovers];
  const sweepId = randomUUID();
  let isComplete = true;
  makeFolder(root);
  for (const [point, shards] of opened) {
    const { section, validCount, troubles } = mergeRun(
      shards,
      join(root, point),
      { ...view, sweepId },
      stdout,
    );
    isComplete &&= troubles.length === 0 && validCount > 0;
    notes.push(...troubles, ...(section.reasons ?? []).map((reason) => `${point} is degraded: ${reason}.`));
  }
  copyIfThere(join(resolve(dirs[0] ?? ''), seriesManifest), join(root, seriesManifest));
  return { notes, isComplete };
}
