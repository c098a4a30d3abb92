import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { UserError } from '../util/errors.js';
import { andList } from '../util/lists.js';
import { fileNames, filesIn, previousFolder, type RunFiles } from './files.js';

/** The files of a finished run. @param prefix of the files, as it was given to the run. @throws UserError where no run has left its records. */
export function findRun(dir: string, prefix: string | undefined): RunFiles {
  const files = filesIn(dir, prefix);
  const { folder, records } = files;
  requireFolder(dir, folder);
  const found = statSync(records, { throwIfNoEntry: false });
  if (found === undefined) throw withoutRecords(dir, folder, basename(records));
  // To read a named pipe would wait for ever.
  if (!found.isFile()) throw new UserError(`${records} is not a regular file.`, 'Name the folder of a run.');
  return files;
}

/** Folders of single runs are looked for so deep: `profile_runs/trial_0001/concurrency_2`. */
const DEEPEST = 3;

/** A folder of a run by a name that tells it from the others. */
export interface NamedFolder {
  readonly name: string;
  readonly dir: string;
}

/**
 * The runs in these folders, each itself the folder of one or that of a sweep; those of a sweep by their numbers.
 * @throws UserError for a folder without any.
 */
export function findRuns(dirs: readonly string[], prefix: string | undefined): readonly NamedFolder[] {
  const { records } = fileNames(prefix);
  const found = dirs.flatMap((dir) => {
    requireFolder(dir, resolve(dir));
    const runs = runsBelow(dir, records, DEEPEST);
    if (runs.length === 0) throw withoutRecords(dir, resolve(dir), records);
    return runs.map((run) => ({ dir: run, given: dir }));
  });
  const last = ({ dir, given }: (typeof found)[number]) => relative(given, dir) || basename(resolve(dir));
  const isUnique = new Set(found.map(last)).size === found.length;
  return found.map((run) => ({ dir: run.dir, name: isUnique ? last(run) : run.dir }));
}

function runsBelow(dir: string, records: string, depth: number): string[] {
  if (existsSync(resolve(dir, records))) return [dir];
  if (depth === 0) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => name !== previousFolder)
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .flatMap((name) => runsBelow(join(dir, name), records, depth - 1));
}

function requireFolder(dir: string, folder: string): void {
  const hint = 'Name the artifact directory of a run: the folder that holds its profile_export.jsonl.';
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) throw new UserError(`There is no folder '${dir}'.`, hint);
  if (!found.isDirectory()) throw new UserError(`'${dir}' is a file, not a folder.`, hint);
}

function withoutRecords(dir: string, folder: string, wanted: string): UserError {
  const entries = readdirSync(folder, { withFileTypes: true }).map((entry) => ({
    name: entry.name,
    isFolder: entry.isDirectory(),
  }));
  const runs = entries.filter(({ name, isFolder }) => isFolder && existsSync(join(folder, name, wanted)));
  const others = entries.filter(
    ({ name, isFolder }) => !isFolder && /\.jsonl$/.test(name) && !/_raw\.jsonl$/.test(name),
  );
  const found = entries.map(({ name, isFolder }) => (isFolder ? `${name}/` : name)).sort();
  const shown = found.length > 8 ? [...found.slice(0, 8), `${found.length - 8} more`] : found;
  const holds = found.length === 0 ? 'it is empty' : `it holds ${andList(shown)}`;
  return new UserError(`There is no ${wanted} in '${dir}': ${holds}.`, hint());

  function hint(): string {
    const [run] = runs;
    if (run !== undefined) return `Name a folder in it that holds one, e.g. '${join(dir, run.name)}'.`;
    const [other] = others;
    if (other !== undefined) {
      return `Files with another name are found with --profile-export-prefix, e.g. ${other.name.replace('.jsonl', '')}.`;
    }
    return 'Runs leave it with --export-level records (the default) or raw.';
  }
}
