import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { artifactDirectory, exportNames } from '../../config/names.js';
import type { Config } from '../../config/options.js';
import { messageOf, UserError } from '../../util/errors.js';

/** Absolute paths of the files that a run may leave; undefined for those that it does not ask for. */
export interface Artifacts {
  readonly folder: string;
  readonly log: string;
  readonly inputs: string;
  readonly records: string | undefined;
  readonly raw: string | undefined;
  /** Records of the warm-up phase. */
  readonly warmup: string | undefined;
  readonly json: string;
  readonly csv: string;
  readonly console: string;
  readonly page: string;
  readonly timeslicesCsv: string;
  readonly timeslicesJson: string;
}

/** Names the files and makes their folders. @throws UserError where that cannot be done. */
export function makeArtifacts(config: Config): Artifacts {
  const folder = resolve(artifactDirectory(config));
  const names = exportNames(config.profileExportPrefix);
  const at = (name: string) => resolve(folder, name);
  const artifacts = {
    folder,
    log: join(folder, 'logs', 'aiperf.log'),
    inputs: join(folder, 'inputs.json'),
    records: config.exportLevel === 'summary' ? undefined : at(names.recordsJsonl),
    raw: config.exportLevel === 'raw' ? at(names.rawJsonl) : undefined,
    warmup:
      config.exportLevel === 'summary'
        ? undefined
        : at(names.recordsJsonl.replace(/\.jsonl$/, '_warmup.jsonl')),
    json: at(names.summaryJson),
    csv: at(names.summaryCsv),
    console: at(names.consoleText),
    page: join(folder, 'report.html'),
    timeslicesCsv: at(names.timeslicesCsv),
    timeslicesJson: at(names.timeslicesJson),
  };
  for (const path of [artifacts.log, artifacts.json]) {
    try {
      makeFolder(dirname(path));
    } catch (thrown) {
      throw new UserError(
        `The folder ${dirname(path)} cannot be made (${messageOf(thrown).replace(/, (mkdir|stat) .*/, '')}).`,
        'Name one that can be written with --artifact-dir.',
      );
    }
  }
  return artifacts;
}

/** Folder by folder: in /proc and its like a recursive mkdir of Node's never comes back. @throws the system's error */
function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  // Below a file Node 20 throws this by itself; from 22 on nothing is there.
  if (found !== undefined) throw new Error('ENOTDIR: not a directory');
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
