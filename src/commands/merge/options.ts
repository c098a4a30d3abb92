import { environment } from '../../config/environment.js';
import type { OptionTable } from '../../config/option.js';
import { flag, number, path, paths } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';

/** Every option of `aiperf merge`. */
export const mergeOptions = {
  dirs: paths({
    argument: 'dir',
    group: 'Runs',
    required: true,
    missing: 'name the artifact directories of all shards',
    help: 'Artifact directories of all shards of a run, or of a sweep, each made with --shard i/N.',
  }),
  artifactDir: path({
    flags: ['--artifact-dir', '--output-artifact-dir'],
    group: 'Output',
    required: true,
    missing: 'name a new folder for the whole run',
    help: 'Folder for the whole run; must be new or empty.',
  }),
  report: { ...profileOptions.report, group: 'Output' },
  tables: { ...profileOptions.tables, group: 'Output' },
  confidenceLevel: { ...profileOptions.confidenceLevel, group: 'Sweeps' },
  targetGoodput: { ...profileOptions.targetGoodput, group: 'Sweeps' },
  allowMissing: flag({
    flags: ['--allow-missing'],
    group: 'Runs',
    help: 'Merge without shards whose folders are lost. The result is degraded, and says how many of their requests have no record.',
  }),
  maxSkew: number({
    flags: ['--max-skew'],
    group: 'Runs',
    min: 0,
    default: 30,
    help: 'Refuse shards that started more than N seconds apart, or whose clocks differ by more.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
  usagePctDiffThreshold: environment.usagePctDiffThreshold,
  oslMismatchPctThreshold: environment.oslMismatchPctThreshold,
  oslMismatchMaxTokenThreshold: environment.oslMismatchMaxTokenThreshold,
} satisfies OptionTable;
