import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exportNames } from '../../config/names.js';
import { andList } from '../../config/words.js';
import { UserError } from '../../util/errors.js';

/** Absolute paths of what a run has left, or may have left. */
export interface RunFolder {
  readonly folder: string;
  /** The one that is there for sure. */
  readonly records: string;
  readonly json: string;
  readonly csv: string;
  readonly console: string;
  readonly timeslicesCsv: string;
  readonly timeslicesJson: string;
  readonly log: string;
}

/** @param prefix of the files, as it was given to the run. @throws UserError where no run has left its records. */
export function openRunFolder(dir: string, prefix: string | undefined): RunFolder {
  const folder = resolve(dir);
  const names = exportNames(prefix);
  const at = (name: string) => resolve(folder, name);
  const records = at(names.recordsJsonl);
  requireFolder(dir, folder);
  if (!existsSync(records)) throw withoutRecords(dir, folder, basename(records));
  return {
    folder,
    records,
    json: at(names.summaryJson),
    csv: at(names.summaryCsv),
    console: at(names.consoleText),
    timeslicesCsv: at(names.timeslicesCsv),
    timeslicesJson: at(names.timeslicesJson),
    log: join(folder, 'logs', 'aiperf.log'),
  };
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
