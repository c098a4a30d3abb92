import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { exportNames } from '../../config/names.js';
import { UserError } from '../../util/errors.js';
import { findRuns, openRunFolder, type RunFolder } from '../report/run-folder.js';

/** What is drawn. */
export type Source =
  | { readonly kind: 'trace'; readonly file: string }
  | { readonly kind: 'run'; readonly run: RunFolder }
  | { readonly kind: 'runs'; readonly runs: readonly RunFolder[] };

/** @param paths of runs, or of folders that hold runs; or one trace. @throws UserError where there is no run. */
export function sourceOf(paths: readonly string[], prefix: string | undefined): Source {
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  const [file] = files;
  if (file !== undefined) return traceAlone(file, paths, prefix);
  const runs = findRuns(paths, prefix).map(({ dir }) => openRunFolder(dir, prefix));
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
      `'${file}' is a file: a trace cannot be drawn together with runs.`,
      'Draw it by a command of its own.',
    );
  }
  return { kind: 'trace', file };
}
