import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exportNames } from '../../config/names.js';
import { UserError } from '../../util/errors.js';
import { openRunFolder, type RunFolder } from '../report/run-folder.js';

/** What is drawn. */
export type Source =
  | { readonly kind: 'trace'; readonly file: string }
  | { readonly kind: 'run'; readonly run: RunFolder }
  | { readonly kind: 'runs'; readonly runs: readonly RunFolder[] };

/** Runs of a sweep with repeats lie three folders down: `profile_runs/trial_0001/concurrency_2`. */
const DEPTH = 3;

/** @param paths of runs, or of folders that hold runs; or one trace. @throws UserError where there is no run. */
export function sourceOf(paths: readonly string[], prefix: string | undefined): Source {
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  const [file] = files;
  if (file !== undefined) return traceAlone(file, paths, prefix);
  const runs = paths.flatMap((path) => runsIn(path, prefix));
  const distinct = [...new Map(runs.map((run) => [run.folder, run])).values()];
  const [first] = distinct;
  return first !== undefined && distinct.length === 1
    ? { kind: 'run', run: first }
    : { kind: 'runs', runs: distinct };
}

function traceAlone(file: string, paths: readonly string[], prefix: string | undefined): Source {
  const { recordsJsonl } = exportNames(prefix);
  if (basename(file) === basename(recordsJsonl)) {
    throw new UserError(`'${file}' holds the records of a run.`, 'Name its folder.');
  }
  if (paths.length > 1) {
    throw new UserError(
      `'${file}' is a file: a trace is drawn by itself.`,
      'Draw it by a command of its own.',
    );
  }
  return { kind: 'trace', file };
}

/** The run in a folder, or all that lie below it. */
function runsIn(path: string, prefix: string | undefined): RunFolder[] {
  const { recordsJsonl } = exportNames(prefix);
  const holdsRun = (folder: string) => existsSync(resolve(folder, recordsJsonl));
  const below = (folder: string, depth: number): string[] => {
    if (holdsRun(folder)) return [folder];
    if (depth === 0) return [];
    return subfolders(folder).flatMap(({ name }) => below(join(folder, name), depth - 1));
  };
  const folders = existsSync(path) ? below(path, DEPTH) : [];
  // Says what is there in its place.
  return folders.length === 0
    ? [openRunFolder(path, prefix)]
    : folders.map((folder) => openRunFolder(folder, prefix));
}

/** In the order of the numbers in their names. */
function subfolders(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}
