import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileNames, previousFolder, seriesManifest } from '../../run/files.js';
import type { ShardsSection } from '../../run/shards.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import { oneLine } from '../../util/plain-text.js';
import { recordedCooldown } from '../profile/series/manifest.js';
import { publishSeries } from '../profile/series/publish.js';
import type { SeriesReportOptions } from '../profile/series/verdicts.js';
import { completeLeftovers } from '../report/complete-records.js';
import { StartsApart } from './accounts.js';
import { lacksRecords, leftOutNotes, type MergedRun, type MergeView, mergeRun } from './merge-run.js';
import { type OpenedShards, openShards } from './open-shards.js';
import { type MergedPoint, readMergedSeries } from './series-results.js';
import { requireNewFolder } from './target.js';
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

/** How a series is put together, and shown. */
export interface SeriesMergeOptions
  extends Pick<SeriesReportOptions, 'confidenceLevel' | 'targetGoodput' | 'consoleExportWidth'> {
  readonly view: MergeView;
  readonly allowMissing: boolean;
}

/**
 * Puts each run of a series together, in folders of the same names, and makes the files of the whole series from them.
 * All plans are checked before the first is written; a run that is refused later leaves nothing of the others.
 * @returns sentences for the user, and whether each run has results.
 */
export async function mergeSeriesOfRuns(
  { dirs, points }: ShardedSeries,
  target: string,
  { view, allowMissing, ...shown }: SeriesMergeOptions,
  { stdout, env }: Pick<Io, 'stdout' | 'env'>,
): Promise<{ readonly notes: readonly string[]; readonly isComplete: boolean }> {
  const root = resolve(target);
  const { notes: leftovers } = await completeLeftovers(
    points.flatMap((point) => dirs.map((dir) => join(dir, point))),
  );
  const opened = points.map((point): readonly [string, OpenedShards] => {
    const there = dirs.map((dir) => join(dir, point)).filter((dir) => existsSync(dir));
    return [point, openPoint(point, there, allowMissing)];
  });
  requireNewFolder(target, dirs);
  const notes = [...leftovers];
  const sweepId = randomUUID();
  const merged: MergedPoint[] = [];
  const allLeftOut = new Set<string>();
  let isComplete = true;
  makeFolder(root);
  try {
    for (const [point, shards] of opened) {
      const { facts = {} } = shards.shards[0] ?? {};
      const found = mergePoint(shards, join(root, point), { ...view, sweepId }, stdout);
      if (found instanceof StartsApart) {
        isComplete = false;
        merged.push({ folder: point, facts, failure: found.message });
        notes.push(`${point} is not merged: ${found.message} ${found.hint ?? ''}`);
        continue;
      }
      const { section, validCount, troubles, leftOut } = found;
      isComplete &&= troubles.length === 0 && validCount > 0 && !lacksRecords(section);
      const { reasons = [] } = section;
      merged.push({ folder: point, facts, failure: failureOf(section, validCount) });
      for (const name of leftOut) allLeftOut.add(name);
      notes.push(...troubles, ...reasons.map((reason) => `${point} is degraded: ${reason}.`));
    }
  } catch (thrown) {
    for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
    throw thrown;
  }
  const cooldowns = new Set(dirs.map((dir) => recordedCooldown(resolve(dir))));
  const [cooldown] = cooldowns.size === 1 ? cooldowns : [];
  const { series, outcome, recorded } = readMergedSeries(root, merged, cooldown);
  if (outcome.results.size === 0) {
    isComplete = false;
    notes.push('No point of the sweep is complete: there is no table, and no aggregate.');
  }
  const log: Log = (_level, _logger, message) => notes.push(message);
  const config = { ...shown, ...recorded, numGpus: undefined, noSweepTable: false };
  if (!publishSeries(series, outcome, { root, config, stdout, env, log })) isComplete = false;
  const folders = series.runs.flatMap((run) => (outcome.results.has(run) ? [run.folder] : []));
  if (view.page !== undefined && folders.length > 1) {
    const { writeSeriesPage } = await import('../report/page.js');
    const page = { prefix: undefined, view: view.view, targetShare: shown.targetGoodput };
    const { path, troubles } = writeSeriesPage(root, folders, page);
    if (troubles.length === 0) stdout.write(`HTML Report: ${oneLine(path)}\n`);
    else isComplete = false;
    notes.push(...troubles);
  }
  copyIfThere(join(resolve(dirs[0] ?? ''), seriesManifest), join(root, seriesManifest));
  notes.push(...leftOutNotes(allLeftOut));
  return { notes, isComplete };
}

/** @throws UserError that names the point. */
function openPoint(point: string, dirs: readonly string[], allowMissing: boolean): OpenedShards {
  try {
    return openShards(dirs, allowMissing);
  } catch (thrown) {
    throw thrown instanceof UserError ? new UserError(`${point}: ${thrown.message}`, thrown.hint) : thrown;
  }
}

/** What became of a point; with shards that did not start together, it is the only one without results. */
function mergePoint(...given: Parameters<typeof mergeRun>): MergedRun | StartsApart {
  try {
    return mergeRun(...given);
  } catch (thrown) {
    if (thrown instanceof StartsApart) return thrown;
    throw thrown;
  }
}

/** A late start is in the results of a run, but no request is missing from them. */
function failureOf({ shards = [], reasons = [] }: ShardsSection, validCount: number): string | undefined {
  if (shards.some(({ state }) => state !== 'complete')) return `degraded: ${reasons.join('; ')}`;
  return validCount === 0 ? 'no request succeeded' : undefined;
}
