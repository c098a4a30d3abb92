import { dirname } from 'node:path';
import { artifactDirectory } from '../../config/artifact-directory.js';
import type { Config } from '../../config/options.js';
import { filesIn, type RunFiles } from '../../run/files.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { FileLog } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import { clearEarlierRun } from './earlier-run.js';
import { namedInputs } from './input-files.js';

/** Names the files of a run and makes its folder. @throws UserError where that cannot be done. */
export function makeArtifacts(config: Config): RunFiles {
  const files = filesIn(artifactDirectory(config), config.profileExportPrefix);
  makeRunFolder(files.folder);
  return files;
}

/**
 * Makes the folder this run's: the files of an earlier run leave it, and the log is written into it.
 * @throws UserError where that cannot be done.
 */
export function takeFolder(
  config: Config,
  { folder, log: logFile }: RunFiles,
  { log, writeTo }: FileLog,
): void {
  const { profileExportPrefix: prefix, overwrite } = config;
  clearEarlierRun(folder, { prefix, overwrite, inputs: namedInputs(config) }, log);
  makeRunFolder(dirname(logFile));
  writeTo(logFile);
}

/** Makes a folder and those above it. @throws UserError */
export function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (thrown) {
    throw new UserError(
      `The folder ${folder} cannot be made (${messageOf(thrown).replace(/, (mkdir|stat) .*/, '')}).`,
      'Name one that can be written with --artifact-dir.',
    );
  }
}
