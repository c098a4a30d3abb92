import { dirname, join, resolve } from 'node:path';
import { spoolFolder } from '../../collect/spool-plan.js';
import { artifactDirectory } from '../../config/artifact-directory.js';
import { exportNames } from '../../config/names.js';
import type { Config } from '../../config/options.js';
import { phaseManifestName, phasesFolder } from '../../export/phase-manifest.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { FileLog } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import { clearEarlierRun } from './earlier-run.js';
import { namedInputs } from './input-files.js';

/** Absolute paths of the files that a run may leave; undefined for those that it does not ask for. */
export interface Artifacts {
  readonly folder: string;
  readonly log: string;
  readonly inputs: string;
  readonly records: string | undefined;
  readonly raw: string | undefined;
  /** Records of the warm-up phase. */
  readonly warmup: string | undefined;
  /** Telemetry over time. */
  readonly series: string | undefined;
  /** Folder that finished records are in until the files have them. */
  readonly spool: string;
  readonly json: string;
  readonly csv: string;
  readonly console: string;
  readonly page: string;
  readonly timeslicesCsv: string;
  readonly timeslicesJson: string;
  /** The list of the phases, and the folder of their files. */
  readonly phaseManifest: string;
  readonly phases: string;
  /** Written when all others are: AIPerf's readers take no folder without it. */
  readonly ready: string;
}

/** Names the files and makes the folder of the run. @throws UserError where that cannot be done. */
export function makeArtifacts(config: Config): Artifacts {
  const folder = resolve(artifactDirectory(config));
  const names = exportNames(config.profileExportPrefix);
  const at = (name: string) => join(folder, name);
  const withRecords = config.exportLevel !== 'summary';
  makeRunFolder(folder);
  return {
    folder,
    log: at('logs/aiperf.log'),
    inputs: at('inputs.json'),
    records: withRecords ? at(names.recordsJsonl) : undefined,
    raw: config.exportLevel === 'raw' ? at(names.rawJsonl) : undefined,
    warmup: withRecords ? at(names.warmupJsonl) : undefined,
    series: withRecords ? at(names.seriesJsonl) : undefined,
    spool: at(spoolFolder),
    json: at(names.summaryJson),
    csv: at(names.summaryCsv),
    console: at(names.consoleText),
    page: at('report.html'),
    timeslicesCsv: at(names.timeslicesCsv),
    timeslicesJson: at(names.timeslicesJson),
    phaseManifest: join(folder, phaseManifestName),
    phases: join(folder, phasesFolder),
    ready: join(folder, '.aiperf_results_ready.json'),
  };
}

/**
 * Makes the folder this run's: the files of an earlier run leave it, and the log is written into it.
 * @throws UserError where that cannot be done.
 */
export function takeFolder(
  config: Config,
  { folder, log: logFile }: Artifacts,
  { log, writeTo }: FileLog,
): void {
  const { profileExportPrefix: prefix, overwrite } = config;
  clearEarlierRun(folder, { prefix, overwrite, inputs: namedInputs(config) }, log);
  makeRunFolder(dirname(logFile));
  writeTo(logFile);
}

/** Makes a folder and those above it. @throws UserError */
function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (thrown) {
    throw new UserError(
      `The folder ${folder} cannot be made (${messageOf(thrown).replace(/, (mkdir|stat) .*/, '')}).`,
      'Name one that can be written with --artifact-dir.',
    );
  }
}
