import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileNames, type RunFiles } from '../../run/files.js';
import { findRun, findRuns } from '../../run/find.js';
import { UserError } from '../../util/errors.js';

/** The data to draw. */
export type Source =
  | { readonly kind: 'trace'; readonly file: string }
  | { readonly kind: 'run'; readonly run: RunFiles }
  | { readonly kind: 'runs'; readonly runs: readonly RunFiles[] };

/** @param paths of runs or of folders with runs, or of one trace. @throws UserError if there is no run. */
export function sourceOf(paths: readonly string[], prefix: string | undefined): Source {
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  const [file] = files;
  if (file !== undefined) return traceAlone(file, paths, prefix);
  const runs = findRuns(paths, prefix).map(({ dir }) => findRun(dir, prefix));
  const distinct = [...new Map(runs.map((run) => [run.folder, run])).values()];
  const [first] = distinct;
  return first !== undefined && distinct.length === 1
    ? { kind: 'run', run: first }
    : { kind: 'runs', runs: distinct };
}

function traceAlone(file: string, paths: readonly string[], prefix: string | undefined): Source {
  const { records } = fileNames(prefix);
  if (basename(file) === basename(records)) {
    throw new UserError(`'${file}' holds the records of a run.`, 'Name its folder.');
  }
  if (paths.length > 1) {
    throw new UserError(
      `'${file}' is a file: a trace cannot be drawn with runs.`,
      'Draw it in a separate command.',
    );
  }
  return { kind: 'trace', file };
}
