import { lstatSync, mkdirSync, realpathSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { previousFolder } from '../../run/files.js';
import { holderOf, inUse, isHeldHere, removeDeadLock } from '../../run/folder-lock.js';
import { ownFiles } from '../../run/own-files.js';
import { counted } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { unfinishedInputs } from './export-inputs.js';
import type { NamedInput } from './input-files.js';

/** What becomes of the files of the run before. */
export interface EarlierRunOptions {
  /** Of the files of this run, as given. */
  readonly prefix: string | undefined;
  /** They are removed, not moved. */
  readonly overwrite: boolean;
  /** Files that the run reads: they must not be among those. */
  readonly inputs: readonly NamedInput[];
}

/**
 * Moves the files of an earlier run, or of a sweep, into `previous/`, in place of those that are there; files of the
 * user stay where they are. One line of the log reports it.
 * @throws UserError where it cannot be done, with nothing moved yet where another run or an input is in the way.
 */
export function clearEarlierRun(folder: string, options: EarlierRunOptions, log: Log): void {
  const { prefix, overwrite, inputs } = options;
  const { files: found, folders } = ownFiles(folder, prefix);
  // That of the run which is about to begin has been made already.
  const isOfThisRun = (file: string) =>
    basename(file) === unfinishedInputs && isHeldHere(dirname(join(folder, file)));
  const files = found.filter((file) => !isOfThisRun(file));
  for (const below of folders) {
    const holder = holderOf(join(folder, below));
    if (holder !== undefined) throw inUse(join(folder, below), holder);
  }
  requireOthers(folder, files, inputs);
  const previous = join(folder, previousFolder);
  try {
    if (files.length > 0) {
      if (overwrite) remove(folder, files);
      else move(folder, files, previous, prefix);
      log(
        'NOTICE',
        'export',
        overwrite
          ? `removed ${counted(files.length, 'file')} of an earlier run from ${folder}`
          : `moved ${counted(files.length, 'file')} of an earlier run to ${previous}`,
      );
    }
    removeEmpty(folder, folders);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      `The files of an earlier run in ${folder} cannot be ${overwrite ? 'removed' : `moved to ${previous}`}: ${messageOf(thrown)}.`,
      'Move them yourself, or name another folder with --artifact-dir.',
    );
  }
}

function move(folder: string, files: readonly string[], previous: string, prefix: string | undefined): void {
  const found = lstatSync(previous, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) {
    throw new UserError(
      `${previous} must be a folder: the files of the earlier run go there.`,
      'Rename it, name another folder with --artifact-dir, or use --overwrite to remove the earlier run.',
    );
  }
  const before = ownFiles(previous, prefix);
  remove(previous, before.files);
  removeEmpty(previous, before.folders);
  for (const file of files) {
    const target = join(previous, file);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(folder, file), target);
  }
}

function remove(folder: string, files: readonly string[]): void {
  for (const file of files) unlinkSync(join(folder, file));
}

/** Folders in which the user keeps something stay. */
function removeEmpty(folder: string, folders: readonly string[]): void {
  for (const below of folders) {
    removeDeadLock(join(folder, below));
    try {
      rmdirSync(join(folder, below));
    } catch {
      // It is not empty.
    }
  }
}

/** @throws UserError where an input of the run would be moved away. */
function requireOthers(folder: string, files: readonly string[], inputs: readonly NamedInput[]): void {
  const own = new Set(files.map((file) => join(realpathSync(folder), file)));
  const folders = new Set([...own].map((file) => dirname(file)));
  for (const { option, path } of inputs) {
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      continue;
    }
    if (!own.has(real) && !folders.has(real)) continue;
    throw new UserError(
      `${option} names ${path}, which belongs to the earlier run in ${folder} and would be moved away.`,
      'Copy it to another place, or name another folder with --artifact-dir.',
    );
  }
}
